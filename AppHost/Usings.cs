// The one place where this project chooses what it is compiled against.
#if USE_ASPIRE
global using Aspire.Hosting;
global using Aspire.Hosting.ApplicationModel;
#else
global using Xerotier.LocalHosting;
#endif
