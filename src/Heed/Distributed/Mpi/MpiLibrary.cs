using System.Runtime.InteropServices;
using System.Text;

namespace Heed.Distributed.Mpi;

/// <summary>
/// The functions and constants of an MPI library that was found at run time. Open MPI's handles are addresses of symbols, MPICH's are
/// ints; both travel as nint, whose lower half is the int.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>The environment variable that names the library.</summary>
    public const string Variable = "HEED_MPI_LIBRARY";

    private const int ErrorLength = 1024, VersionLength = 8192, StatusInts = 16;

    private static readonly string[] s_openMpiNames = ["libmpi.so.40", "/usr/lib64/openmpi/lib/libmpi.so.40", "libmpi.40.dylib"];
    private static readonly string[] s_mpichNames = ["libmpich.so.12", "libmpi.so.12", "/usr/lib64/mpich/lib/libmpi.so.12", "libmpi.12.dylib"];

    private readonly nint _library;

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int, int*, int> InitThread;
    public readonly delegate* unmanaged[Cdecl]<int*, int> Initialized;
    public readonly delegate* unmanaged[Cdecl]<int> Finalize;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Abort;
    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> CommRank, CommSize;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int, nint*, int> CommSplit;
    public readonly delegate* unmanaged[Cdecl]<nint*, int> CommFree;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> CommSetErrhandler;
    public readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int> Iallreduce;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, nint*, int> Iallgather, Ialltoall;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int> Ibcast;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> Ibarrier;
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> Isend, Irecv;
    public readonly delegate* unmanaged[Cdecl]<nint*, int*, void*, int> Test;
    private readonly delegate* unmanaged[Cdecl]<int, int, nint, int*, int*, int> _iprobe;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, int*, int> _receive;
    private readonly delegate* unmanaged[Cdecl]<int*, nint, int*, int> _getCount;
    private readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged[Cdecl]<byte*, int*, int> _getLibraryVersion;

    private MpiLibrary(nint library)
    {
        _library = library;
        IsOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _);
        InitThread = (delegate* unmanaged[Cdecl]<nint, nint, int, int*, int>)Export("MPI_Init_thread");
        Initialized = (delegate* unmanaged[Cdecl]<int*, int>)Export("MPI_Initialized");
        Finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        Abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        CommRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        CommSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        CommSplit = (delegate* unmanaged[Cdecl]<nint, int, int, nint*, int>)Export("MPI_Comm_split");
        CommFree = (delegate* unmanaged[Cdecl]<nint*, int>)Export("MPI_Comm_free");
        CommSetErrhandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        Iallreduce = (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int>)Export("MPI_Iallreduce");
        Iallgather = (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, nint*, int>)Export("MPI_Iallgather");
        Ialltoall = (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, nint*, int>)Export("MPI_Ialltoall");
        Ibcast = (delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int>)Export("MPI_Ibcast");
        Ibarrier = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Export("MPI_Ibarrier");
        Isend = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        Irecv = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Irecv");
        Test = (delegate* unmanaged[Cdecl]<nint*, int*, void*, int>)Export("MPI_Test");
        _iprobe = (delegate* unmanaged[Cdecl]<int, int, nint, int*, int*, int>)Export("MPI_Iprobe");
        _receive = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, int*, int>)Export("MPI_Recv");
        _getCount = (delegate* unmanaged[Cdecl]<int*, nint, int*, int>)Export("MPI_Get_count");
        _errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
        _getLibraryVersion = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Export("MPI_Get_library_version");
        World = Handle("ompi_mpi_comm_world", 0x44000000);
        Byte = Handle("ompi_mpi_byte", 0x4c00010d);
        Float = Handle("ompi_mpi_float", 0x4c00040a);
        Double = Handle("ompi_mpi_double", 0x4c00080b);
        Int = Handle("ompi_mpi_int", 0x4c000405);
        Long = Handle("ompi_mpi_int64_t", 0x4c00083a);
        Sum = Handle("ompi_mpi_op_sum", 0x58000003);
        Max = Handle("ompi_mpi_op_max", 0x58000001);
        ErrorsReturn = Handle("ompi_mpi_errors_return", 0x54000001);
        InPlace = IsOpenMpi ? (void*)1 : (void*)-1;
        StatusIgnore = IsOpenMpi ? null : (void*)1;
    }

    public bool IsOpenMpi { get; }

    public nint World { get; }

    public nint Byte { get; }

    public nint Float { get; }

    public nint Double { get; }

    public nint Int { get; }

    public nint Long { get; }

    public nint Sum { get; }

    public nint Max { get; }

    public nint ErrorsReturn { get; }

    public void* InPlace { get; }

    public void* StatusIgnore { get; }

    /// <summary>What the library calls itself, on one line.</summary>
    public string Version
    {
        get
        {
            byte* text = stackalloc byte[VersionLength];
            int length = 0;
            Check("World", _getLibraryVersion(text, &length));
            return Encoding.UTF8.GetString(text, length).Split('\n', '\0')[0].Trim();
        }
    }

    /// <summary>Loads the library that the environment names, or the first that is there.</summary>
    /// <exception cref="CommunicationException">None is; the message says what to install.</exception>
    public static MpiLibrary Load(MpiLauncher launcher, string? named)
    {
        // UCX, beneath either MPI, would otherwise take the signal by which .NET notices null references; it reads this when it is loaded.
        NativeProcess.SetDefault("UCX_ERROR_SIGNALS", string.Empty);
        if (!string.IsNullOrEmpty(named))
            return NativeLibrary.TryLoad(named, out nint chosen) ? new MpiLibrary(chosen) : throw new CommunicationException($"World: {Variable} names '{named}', which cannot be loaded; expected an MPI library such as {s_openMpiNames[0]} or {s_mpichNames[0]}.");
        string[] names = launcher.OpenMpiFirst ? [.. s_openMpiNames, .. s_mpichNames] : [.. s_mpichNames, .. s_openMpiNames];
        foreach (string name in names)
            if (NativeLibrary.TryLoad(name, out nint library)) return new MpiLibrary(library);
        throw new CommunicationException(Missing(launcher, names));
    }

    public void Check(string operation, int code)
    {
        if (code != 0) Throw(operation, code);
    }

    /// <summary>Takes a message of any rank and tag that has come; false where none has.</summary>
    /// <param name="communicator">Nobody else receives on it, so that what was probed is what is received.</param>
    /// <param name="buffer">Room for the longest message.</param>
    /// <param name="source">Who sent it.</param>
    /// <param name="tag">Its tag.</param>
    /// <param name="length">Its bytes.</param>
    public bool TryReceive(nint communicator, Span<byte> buffer, out int source, out int tag, out int length)
    {
        int* status = stackalloc int[StatusInts];
        int found = 0, count = 0;
        (source, tag, length) = (-1, -1, 0);
        Check("Watch", _iprobe(IsOpenMpi ? -1 : -2, -1, communicator, &found, status));
        if (found == 0) return false;
        int at = IsOpenMpi ? 0 : 2;
        (source, tag) = (status[at], status[at + 1]);
        fixed (byte* bytes = buffer) Check("Watch", _receive(bytes, buffer.Length, Byte, source, tag, communicator, status));
        Check("Watch", _getCount(status, Byte, &count));
        length = count;
        return true;
    }

    public static string Missing(MpiLauncher launcher, string[] names) =>
        $"World: this process was started by an MPI launcher ({launcher.Variable} is set), but no MPI library was found; tried {string.Join(", ", names)}. "
        + "Install Open MPI (Debian, Ubuntu: apt install openmpi-bin; Fedora: dnf install openmpi, then module load mpi) "
        + $"or MPICH (Debian, Ubuntu: apt install mpich; Fedora: dnf install mpich), or name the library in {Variable}.";

    private void Throw(string operation, int code)
    {
        byte* text = stackalloc byte[ErrorLength];
        int length = 0;
        string message = _errorString(code, text, &length) == 0 ? Encoding.UTF8.GetString(text, length) : "an error without text";
        throw new CommunicationException($"{operation}: MPI says '{message}' (code {code}).");
    }

    private nint Export(string name) =>
        NativeLibrary.TryGetExport(_library, name, out nint address) ? address : throw new CommunicationException($"World: the MPI library has no function {name}; expected Open MPI 4 or 5, or MPICH 4.");

    private nint Handle(string openMpi, int mpich) => IsOpenMpi ? Export(openMpi) : mpich;
}
