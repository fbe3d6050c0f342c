namespace Xerotier.Gateway.Tests;

public sealed class PathTests
{
    [Theory]
    [InlineData("/status", "/status")]
    [InlineData("/status?a=/b", "/status")]
    [InlineData("", "/")] // HTTP/2's CONNECT
    [InlineData("?", "/")]
    [InlineData("*", "*")]
    [InlineData("host:443", "host:443")]
    [InlineData("http://h", "/")]
    [InlineData("http://h/", "/")]
    [InlineData("http://h/a/b?c=/d", "/a/b")]
    [InlineData("http://h?x=/proj_A123/v1/management/keys", "/")]
    [InlineData("h?x=://y/proj_A123/v1/management/keys", "h")]
    [InlineData("/a?x=http://h/proj_A123/v1/management/keys", "/a")]
    [InlineData("http://", "/")]
    public void The_path_is_what_stands_between_the_authority_and_the_query(string target, string expected) =>
        Assert.Equal(expected, RequestValidation.PathAsSent(target, path: null));
}
