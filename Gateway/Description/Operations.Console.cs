namespace Xerotier.Gateway.Description;

/// <content>The operators' console.</content>
internal static partial class Operations
{
    private const string Https = "Over plain HTTP it is there on the machine itself alone, and elsewhere refused (403 https_required).";

    public static readonly Operation ConsoleRoot = new("console", Tags.Console, "Go to the console", "Leads to /console/.")
    {
        Responses = [new(308, "To the console.", null, "Location", "Cache-Control")],
    };

    public static readonly Operation SignInPage = new("signInPage", Tags.Console, "Get the form that signs in", $"For people. It works without script. {Https}")
    {
        Responses = [new(200, "The page.", Body.Html)],
        Errors = [403, 404, 503, 504],
    };

    public static readonly Operation SignIn = new(
        "signIn",
        Tags.Console,
        "Sign in to the console",
        $"The form of the page, up to 8 KiB: key, an API key with the scope management or a platform key, and return, a path below /console/. Leads there with a cookie, or back to the form with the error's code as error. A session that is there already keeps its key of the other kind. Five failures a minute are too many. {Https}")
    {
        Request = Body.Form,
        Responses = [new(303, "Signed in, or not: the address says which.", null, "Location", "Cache-Control")],
        Errors = [400, 403, 415, 503],
    };

    public static readonly Operation SignOut = new(
        "signOut", Tags.Console, "Sign out of the console", "The form of a page of the console. With of=project or of=platform only that key leaves the session. Takes effect on every Gateway within a second.")
    {
        Request = Body.Form,
        Responses = [new(303, "Signed out.", null, "Location", "Cache-Control")],
        Errors = [400, 403, 415, 503, 504],
    };

    public static readonly Operation SignInLink = new(
        "signInLink", Tags.Console, "Sign in by a link", "Once, on the machine itself, within ten minutes of the start, and only where Console__SignInToken is set. Later it leads to the form, or on with the session that there is.")
    {
        Parameters = [Parameters.SignInToken],
        Responses = [new(303, "Signed in, or not: the address says which.", null, "Location", "Cache-Control")],
        Errors = [403, 404, 503, 504],
    };

    public static readonly Operation ConsoleAsset = new("consoleAsset", Tags.Console, "Get a file of the console", "Its style and script. Needs no session.")
    {
        Parameters = [Parameters.AssetName],
        Responses = [new(200, "The file."), new(304, Unmodified)],
        Errors = [403, 404, 503, 504],
    };

    public static readonly Operation ConsolePage = new(
        "consolePage", Tags.Console, "Get a page of the console", $"For people who have signed in; others are led to the form, and with Accept: application/json refused (401 session_expired). {Https}")
    {
        Parameters = [Parameters.ConsolePath],
        Responses = [new(200, "The page.", Body.Html), new(303, "To the form that signs in.", null, "Location", "Cache-Control")],
        Errors = [400, 401, 403, 404, 503, 504],
    };

    public static readonly Operation ConsoleForm = new(
        "consoleForm", Tags.Console, "Send a form of the console", "Up to 256 KiB. Only a form of a page that was made for this session is taken (403 csrf_failed).")
    {
        Parameters = [Parameters.ConsolePath],
        Request = Body.Form,
        Responses = [new(200, "The page.", Body.Html), new(303, "To the page that shows what was done.", null, "Location", "Cache-Control")],
        Errors = [400, 401, 403, 404, 409, 412, 415, 503, 504],
    };
}
