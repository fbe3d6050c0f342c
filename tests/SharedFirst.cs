using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Xerotier.SharedFirst))]

namespace Xerotier;

/// <summary>Begins with the collections that several classes share, which take longest: begun last, they would run on alone.</summary>
public sealed class SharedFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(collection => collection.TestCollectionClassName is null)];
}
