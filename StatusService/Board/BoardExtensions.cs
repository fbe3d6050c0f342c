using Xerotier.StatusService.Notices;

namespace Xerotier.StatusService.Board;

/// <summary>Registration of the board.</summary>
public static class BoardExtensions
{
    /// <summary>Adds the board and its feeds.</summary>
    public static void AddBoard(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BoardOptions>().Bind(configuration.GetSection("Page")).Validate(options => Enum.IsDefined(options.MaintenanceFrom), "Page:MaintenanceFrom must be 'any' or 'platform'.").ValidateOnStart();
        services.AddSingleton<BoardInbox>();
        services.AddSingleton<ChangeStamps>();
        services.AddSingleton<NoticesClient>();
        services.AddHostedService<Feeds>();
    }
}
