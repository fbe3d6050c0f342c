using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Storage;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("notificationservice");
builder.AddNotificationsDatabase();
builder.Services.AddOptions<NotificationsOptions>().BindConfiguration("Notifications").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<ProjectDatabase>();
builder.Services.AddSubscriptions();

var app = builder.Build();
if (await app.MigrateOnlyAsync(args) is { } exitCode)
{
    return exitCode;
}

app.UseServiceDefaults();
app.MapSubscriptions();
app.Run();
return 0;
