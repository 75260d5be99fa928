// Teaches a network to read digits, from the four files that digit_data writes or from MNIST's.

using System;
using System.IO;
using System.IO.Compression;
using System.Linq;
using CnnSharp;

internal static class Digits
{
    private const int Batch = 64;

    private sealed class Options
    {
        internal string Folder, Device = "auto", Save;
        internal long Epochs;
        internal ulong Seed;
    }

    private sealed class Set
    {
        internal byte[] Images, Labels;
        internal int Height, Width;

        internal Samples Samples => new Samples { Inputs = Images, Scale = 1 / 255f, Labels = Labels };
    }

    private static int Main(string[] arguments)
    {
        Options options = Parse(arguments);
        if (options == null)
        {
            Console.Error.WriteLine(
                "usage: Digits (--data DIR | --mnist DIR) [options]\n" +
                "  --data DIR     what the program digit_data wrote\n" +
                "  --mnist DIR    MNIST's four files, plain or gzipped\n" +
                "  --device SPEC  cpu, opencl:0.0, ... or auto (the default)\n" +
                "  --epochs N     default: 6, of MNIST 5\n" +
                "  --seed S       of initial weights and shuffling (default: 0)\n" +
                "  --save FILE    where the trained model goes");
            return 2;
        }
        try
        {
            Train(options);
            return 0;
        }
        catch (Exception exception) when (exception is CnnException || exception is IOException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    private static Net Small(int height, int width, ulong seed)
    {
        Net net = new Net("small", seed);
        Node n = net.Input("image", 1, height, width);
        n = net.Conv2d(n, new Conv2d { Filters = 6, Kernel = 5, Activation = Activation.Relu });
        n = net.MaxPool2d(n, 2);
        n = net.Conv2d(n, new Conv2d { Filters = 16, Kernel = 5, Activation = Activation.Relu });
        n = net.MaxPool2d(n, 2);
        n = net.Dense(n, 120, Activation.Relu);
        n = net.Dense(n, 84, Activation.Relu);
        net.Loss(net.Dense(n, 10), LossKind.SoftmaxCrossEntropy);
        return net;
    }

    private static void Train(Options options)
    {
        Set train = Read(options.Folder, "train"), test = Read(options.Folder, "t10k");
        using (Device device = Device.Open(options.Device))
        using (Net net = Small(train.Height, train.Width, options.Seed))
        using (Optimizer adamW = new Optimizer(OptimizerKind.AdamW, 4e-3) { WeightDecay = 0.1 })
        {
            net.Compile(device, Batch);
            FitReport report = net.Fit(adamW, train.Samples, new FitOptions
            {
                Epochs = options.Epochs,
                Batch = Batch,
                Seed = options.Seed,
                Validation = test.Samples,
                Schedule = Schedule.Cosine,
                Progress = Show,
            });
            if (options.Save != null) net.Save(options.Save);
            Console.WriteLine("trained in {0:F1} s on {1}, {2:F0} images/s", report.Seconds,
                              device.Info, report.SamplesPerSecond);
            Console.WriteLine("reads {0:F2}% of {1} digits it never saw",
                              100 * report.ValidationAccuracy, test.Labels.Length);
        }
    }

    private static bool Show(FitProgress p)
    {
        bool terminal = !Console.IsErrorRedirected;
        if (p.EpochEnded)
            Console.Error.WriteLine(
                "{0}epoch {1}/{2}  loss {3:F4}  test accuracy {4:F4}  {5:F0} images/s",
                terminal ? "\r\x1b[K" : "", p.Epoch + 1, p.Epochs, p.Loss, p.ValidationAccuracy,
                p.SamplesPerSecond);
        else if (terminal)
            Console.Error.Write("\repoch {0}/{1}  {2,3:F0}%  loss {3:F4}  {4:F0} s left\x1b[K",
                                p.Epoch + 1, p.Epochs, 100 * p.Fraction, p.Loss, p.SecondsLeft);
        return true; // false would cancel
    }

    private static Options Parse(string[] arguments)
    {
        Options options = new Options();
        bool good = arguments.Length % 2 == 0;
        for (int i = 0; good && i < arguments.Length; i += 2)
        {
            string value = arguments[i + 1];
            switch (arguments[i])
            {
                case "--data":
                case "--mnist":
                    options.Folder = value;
                    if (options.Epochs == 0) options.Epochs = arguments[i] == "--data" ? 6 : 5;
                    break;
                case "--device": options.Device = value; break;
                case "--save": options.Save = value; break;
                case "--epochs": good = long.TryParse(value, out options.Epochs); break;
                case "--seed": good = ulong.TryParse(value, out options.Seed); break;
                default: good = false; break;
            }
        }
        return good && options.Folder != null && options.Epochs > 0 ? options : null;
    }

    private static Set Read(string folder, string name)
    {
        int[] sizes, one;
        Set set = new Set
        {
            Images = ReadIdx(Path.Combine(folder, name + "-images-idx3-ubyte"), out sizes),
            Labels = ReadIdx(Path.Combine(folder, name + "-labels-idx1-ubyte"), out one),
        };
        if (sizes.Length != 3 || one.Length != 1 || sizes[0] != one[0])
            throw new InvalidDataException(folder + ": " + name + " hasn't as many labels as images");
        set.Height = sizes[1];
        set.Width = sizes[2];
        return set;
    }

    // An IDX file: two zeros, the type (8: bytes), the number of sizes, each big-endian, the bytes.
    private static byte[] ReadIdx(string path, out int[] sizes)
    {
        byte[] all = File.Exists(path) ? File.ReadAllBytes(path) : Unzip(path + ".gz");
        if (all.Length < 4 || all[0] != 0 || all[1] != 0 || all[2] != 8)
            throw new InvalidDataException(path + " is no IDX file of bytes");
        int rank = all[3];
        if (all.Length < 4 + 4 * rank) throw new InvalidDataException(path + " is cut");
        sizes = Enumerable.Range(1, rank).Select(
            i => all[4 * i] << 24 | all[4 * i + 1] << 16 | all[4 * i + 2] << 8 | all[4 * i + 3])
            .ToArray();
        if (sizes.Aggregate(1L, (a, b) => a * b) != all.Length - 4 - 4 * rank)
            throw new InvalidDataException(path + " is cut");
        return all.Skip(4 + 4 * rank).ToArray();
    }

    private static byte[] Unzip(string path)
    {
        using (Stream file = File.OpenRead(path))
        using (GZipStream zip = new GZipStream(file, CompressionMode.Decompress))
        using (MemoryStream all = new MemoryStream())
        {
            zip.CopyTo(all);
            return all.ToArray();
        }
    }
}
