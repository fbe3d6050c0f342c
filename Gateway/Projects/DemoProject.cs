using Xerotier.Contracts;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults.Demo;

namespace Xerotier.Gateway.Projects;

/// <summary>The project of a demo, under the id that the other services know it by. Only a database without any project gets it.</summary>
internal sealed class DemoProject(ProjectStore projects, DemoOptions options, TimeProvider time)
{
    /// <summary>Creates it where it is due; again it does nothing.</summary>
    public async Task EnsureAsync()
    {
        if (options.StoryAt(time.GetUtcNow()) is { } story && await projects.ListAsync(1, after: null) is [])
        {
            var project = new Project { Id = story.ProjectId, Name = "Demo", Slug = DemoStory.Project, Platform = true, CreatedAt = story.Begins, SuspendedAt = null };
            await projects.CreateAsync(project, Actor.Gateway);
        }
    }
}
