using Xerotier.Changes.V1;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Following;
using Xerotier.NotificationService.Mail;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Pages;
using Xerotier.NotificationService.Sending;
using Xerotier.NotificationService.Storage;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.Projects.V1;
using Xerotier.ServiceDefaults;
using Xerotier.Statuses.V1;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("notificationservice");
builder.AddNotificationsDatabase();
builder.Services.AddOptions<NotificationsOptions>().BindConfiguration("Notifications").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<ProjectDatabase>();
builder.Services.AddSubscriptions();
builder.Services.AddHostedService<EventCleaner>();
builder.Services.AddServiceClient<ChangeLog.ChangeLogClient>("maintenanceservice");
builder.Services.AddHostedService<ChangeFollower>();
builder.Services.AddServiceClient<StatusChanges.StatusChangesClient>("statusservice");
builder.Services.AddHostedService<StatusFollower>();
builder.Services.AddServiceClient<ProjectFeed.ProjectFeedClient>("gateway", endpoint: "internal");
builder.Services.AddHostedSingleton<Suspensions>();
builder.Services.AddMail();
builder.Services.AddSubscriberPages();
builder.Services.AddSingleton<MessageSender>();
builder.Services.AddSingleton<DeliveryQueue>();
builder.Services.AddSingleton<NotificationMetrics>();
builder.Services.AddHostedService<Sender>();

var app = builder.Build();
if (await app.MigrateOnlyAsync(args) is { } exitCode)
{
    return exitCode;
}

app.UseServiceDefaults();
app.MapSubscriptions();
app.MapSubscriberPages();
app.Run();
return 0;
