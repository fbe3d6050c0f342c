using System.Runtime.InteropServices;
using System.Text;

namespace Xerotier.Xeroctl.Output;

/// <summary>The terminal or pipes that the process is connected to.</summary>
internal static partial class Terminal
{
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ of Linux

    /// <summary>Standard error. A failure to write to it is ignored, because nothing is left to report it on.</summary>
    public static TextWriter Error { get; } = new StreamWriter(Stream(2), new UTF8Encoding(false)) { AutoFlush = true };

    /// <summary>Standard output.</summary>
    public static Stream Output() => Stream(1);

    /// <summary>Whether a person reads standard output.</summary>
    public static bool IsOutput => !Console.IsOutputRedirected;

    /// <summary>Whether a person can see a prompt and type a reply.</summary>
    public static bool CanAsk => !Console.IsInputRedirected && (!Console.IsErrorRedirected || !Console.IsOutputRedirected);

    /// <summary>Whether standard output is a terminal that can move its cursor.</summary>
    public static bool CanRedraw => IsOutput && Settings.Variable("TERM") is not (null or "dumb");

    /// <summary>Whether standard output may have colors (https://no-color.org).</summary>
    public static bool HasColor => CanRedraw && Settings.Variable("NO_COLOR") is null;

    /// <summary>Columns of the terminal; 80 if unknown.</summary>
    public static int Width => IsOutput && Size().Columns is > 0 and var columns ? columns : 80;

    /// <summary>Rows of the terminal; 24 if unknown.</summary>
    public static int Height => IsOutput && Size().Rows is > 0 and var rows ? rows : 24;

    /// <summary>Where prompts go: standard error, so that a person sees them when the output is redirected.</summary>
    public static TextWriter Prompt => Console.IsErrorRedirected ? Console.Out : Error;

    /// <summary>Asks a yes-or-no question; anything but yes means no.</summary>
    public static bool Confirm(string question)
    {
        var writer = Prompt;
        writer.Write($"{TerminalText.Line(question)} [y/N] ");
        writer.Flush();
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8, false, 256, leaveOpen: true);
        var reply = input.ReadLine();
        if (reply is null)
        {
            writer.WriteLine();
        }

        return reply?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    /// <summary>Stops this process, as Ctrl-Z does, until SIGCONT.</summary>
    public static void Stop() => _ = Kill(Environment.ProcessId, OperatingSystem.IsMacOS() ? 17 : 19); // SIGSTOP

    // Console's own streams write escape sequences to a terminal before the first output.
    private static Stream Stream(int descriptor) =>
        OperatingSystem.IsWindows() ? descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError()
        : new Descriptor(descriptor);

    // Console.WindowWidth would write the same escape sequences.
    private static (int Columns, int Rows) Size()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (Console.WindowWidth, Console.WindowHeight);
        }

        Span<ushort> size = stackalloc ushort[4]; // rows, columns, and both in pixels
        return InputOutputControl(1, GetWindowSize, ref MemoryMarshal.GetReference(size)) == 0 ? (size[1], size[0]) : (0, 0);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int InputOutputControl(int descriptor, nuint request, ref ushort argument);

    /// <summary>Writes to a file descriptor of this process. A FileStream keeps a position of its own, and would overwrite the output of another process in the same file.</summary>
    private sealed partial class Descriptor(int descriptor) : Stream
    {
        private const int Interrupted = 4; // EINTR

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                var written = WriteTo(descriptor, buffer, (nuint)buffer.Length);
                if (written >= 0)
                {
                    buffer = buffer[(int)written..];
                }
                else if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
                {
                    if (descriptor == 2)
                    {
                        return;
                    }

                    throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
                }
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nint WriteTo(int descriptor, ReadOnlySpan<byte> buffer, nuint count);
    }
}
