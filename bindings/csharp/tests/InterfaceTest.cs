// The native layer against the committed layout, and every property of every descriptor.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

namespace CnnSharp.Tests
{
    internal static class InterfaceTest
    {
        private static readonly Assembly library = typeof(Net).Assembly;

        [Test("sizes and offsets of structs are those of tests/abi/layout.txt")]
        private static void Layout()
        {
            int structs = 0;
            HashSet<string> fields = new HashSet<string>();
            foreach (string line in File.ReadLines(Path.Combine(Runner.Root, "tests/abi/layout.txt")))
            {
                string[] words = line.Split(' ');
                string[] names = words[0].Split('.');
                Type type = library.GetType("CnnSharp." + names[0]);
                Expect.That(type != null, names[0] + " is missing");
                if (names.Length == 1)
                {
                    structs++;
                    Expect.Equal(int.Parse(words[2]), Marshal.SizeOf(type), line);
                }
                else
                {
                    fields.Add(words[0]);
                    Expect.Equal(int.Parse(words[2]), (int)Marshal.OffsetOf(type, names[1]), line);
                }
            }
            Type[] all = library.GetTypes().Where(t => t.IsValueType && t.Namespace != null &&
                                                       t.DeclaringType == null &&
                                                       t.Name.StartsWith("cnn_")).ToArray();
            Expect.Equal(all.Length, structs, "structs' count");
            BindingFlags any = BindingFlags.Instance | BindingFlags.NonPublic;
            Expect.Equal(all.Sum(t => t.GetFields(any).Length), fields.Count, "fields' count");
        }

        [Test("the library's version is the one this package is for")]
        private static void Version()
        {
            Expect.Equal(Library.InterfaceVersion, Library.Version);
            Expect.Equal(Library.Version.ToString(3), Library.VersionText);
            Expect.Equal("CNN_SHAPE_MISMATCH", Library.NameOf(Status.ShapeMismatch));
            Expect.Equal("CNN_UNKNOWN", Library.NameOf((Status)99999));
        }

        // What a property is set to, other than its default.
        private static object Other(PropertyInfo property)
        {
            Type type = property.PropertyType;
            if (type == typeof(string)) return "other";
            if (type == typeof(long)) return 2L;
            if (type == typeof(ulong)) return 2UL;
            if (type == typeof(int)) return 2;
            if (type == typeof(float)) return 0.25f;
            if (type == typeof(double)) return 0.25;
            if (type == typeof(float?)) return 0.25f;
            if (type == typeof(double?)) return 0.25;
            if (type == typeof(long?)) return 2L;
            if (type == typeof(Size2D)) return new Size2D(1, 2);
            if (type == typeof(Padding)) return new Padding(1, 0, 0, 1);
            if (type == typeof(Connections))
                return new Connections { Kind = ConnectionKind.Random, FanIn = 1, Seed = 5 };
            if (type == typeof(IReadOnlyList<float>)) return new[] { 1f, 2, 3, 4 };
            if (type == typeof(Initializer)) return Initializer.Uniform;
            if (type == typeof(Activation)) return Activation.LeakyRelu;
            if (type.IsEnum) return Enum.GetValues(type).GetValue(1);
            return null;
        }

        private static byte[] Bytes<T>(T descriptor, Action<Net, T> add)
        {
            using (Net net = new Net())
            {
                try
                {
                    add(net, descriptor);
                }
                catch (CnnException exception)
                {
                    // Refused: so it came across.
                    return System.Text.Encoding.UTF8.GetBytes(exception.Message);
                }
                return net.ToBytes();
            }
        }

        // Each property, alone, makes another net (or one that is refused).
        private static void EveryProperty<T>(Func<T> make, Action<Net, T> add)
        {
            byte[] plain = Bytes(make(), add);
            foreach (PropertyInfo property in typeof(T).GetProperties())
            {
                T descriptor = make();
                object value = property.PropertyType == typeof(bool)
                    ? !(bool)property.GetValue(descriptor)
                    : Other(property);
                Expect.That(value != null, typeof(T).Name + "." + property.Name + " has no other value");
                property.SetValue(descriptor, value);
                Expect.That(!plain.SequenceEqual(Bytes(descriptor, add)),
                            typeof(T).Name + "." + property.Name + " makes no difference");
            }
        }

        // A padding and strides that leave a rest show what Exact and CeilMode do.
        [Test("every property of every descriptor of a layer reaches the library")]
        private static void Descriptors()
        {
            EveryProperty(() => new Conv2d { Filters = 4, Kernel = 2, Stride = 2,
                                             Activation = Activation.Elu },
                          (net, d) => net.Conv2d(net.Input("x", 4, 7, 7), d));
            EveryProperty(() => new Dense { Units = 3, Activation = Activation.Elu },
                          (net, d) => net.Dense(net.Input("x", 5), d));
            EveryProperty(() => new Pool2d { Window = 2, Stride = 2 },
                          (net, d) => net.AveragePool2d(net.Input("x", 4, 7, 7), d));
            EveryProperty(() => new WeightedSubsample2d { Factor = 2,
                                                          Activation = Activation.Elu },
                          (net, d) => net.WeightedSubsample2d(net.Input("x", 4, 7, 7), d));
            EveryProperty(() => new Subsample2d { Factor = 4 },
                          (net, d) => net.Subsample2d(net.Input("x", 4, 8, 8), d));
            EveryProperty(() => new RadialBasis { Units = 3 },
                          (net, d) => net.RadialBasis(net.Input("x", 4), d));
            EveryProperty(() => new BatchNorm { Activation = Activation.Elu },
                          (net, d) => net.BatchNorm(net.Input("x", 4), d));
            EveryProperty(() => new Loss { Kind = LossKind.SumOfSquares },
                          (net, d) => net.Loss(net.Input("x", 4), d));
        }

        [Test("every property of a table of connections reaches the library")]
        private static void ConnectionTables()
        {
            Action<Net, Connections> add = (net, d) => net.Conv2d(
                net.Input("x", 4, 7, 7), new Conv2d { Filters = 4, Kernel = 3, Connections = d });
            Func<Connections, byte[]> bytes = d => Bytes(d, add);
            var random = new Connections { Kind = ConnectionKind.Random, FanIn = 2, Seed = 1 };
            Expect.That(!bytes(random).SequenceEqual(
                            bytes(new Connections { Kind = ConnectionKind.Random, FanIn = 2, Seed = 2 })),
                        "Seed makes no difference");
            Func<Connections, long> parameters = d =>
            {
                using (Net net = new Net())
                {
                    add(net, d);
                    return net.ParameterCount;
                }
            };
            Expect.Equal(4 * 2 * 9 + 4L, parameters(random), "random");
            random.FanIn = 3;
            Expect.Equal(4 * 3 * 9 + 4L, parameters(random), "fan-in 3");
            random.SharedKernel = true;
            Expect.Equal(4 * 9 + 4L, parameters(random), "shared");
            Connections custom = new Connections
            {
                Kind = ConnectionKind.Custom,
                Pairs = new[] { (0, 0), (1, 1), (2, 2), (3, 3), (0, 3) },
            };
            Expect.Equal(5 * 9 + 4L, parameters(custom), "custom");
            custom.KernelSizes = new Size2D[] { 1, 2, 3, (1, 3), 3 };
            Expect.Equal(1 + 4 + 9 + 3 + 9 + 4L, parameters(custom), "mixed sizes");
            custom.KernelSizes = new Size2D[] { 1, 2, 3, (1, 3) };
            custom.KernelSizesByMap = true;
            Expect.Equal(1 + 4 + 9 + 3 + 3 + 4L, parameters(custom), "mixed sizes by map");
        }

        [Test("every key of an optimizer has a property")]
        private static void OptimizerProperties()
        {
            HashSet<string> kinds = new HashSet<string>();
            foreach (OptimizerKind kind in Enum.GetValues(typeof(OptimizerKind)))
            {
                using (Optimizer optimizer = new Optimizer(kind))
                {
                    Expect.Equal(kind, optimizer.Kind);
                    Expect.Equal(0L, optimizer.Steps);
                    foreach (KeyInfo key in optimizer.Keys)
                    {
                        kinds.Add(key.Key.ToString());
                        Expect.Equal(key.DefaultValue, key.Value, key.Name);
                        Expect.Equal(key.Value, optimizer[key.Key], key.Name);
                        PropertyInfo property = typeof(Optimizer).GetProperty(key.Key.ToString());
                        Expect.That(property != null, key.Key + " has no property");
                        double value = Convert.ToDouble(property.GetValue(optimizer));
                        Expect.Equal(key.Value, value, property.Name);
                        if (key.Minimum <= 1 && key.Maximum >= 1 && property.PropertyType !=
                            typeof(LineSearch))
                        {
                            object one = Convert.ChangeType(1, property.PropertyType);
                            property.SetValue(optimizer, one);
                            Expect.Equal(1, optimizer[key.Key], property.Name + " as set");
                        }
                    }
                }
            }
            foreach (Key key in Enum.GetValues(typeof(Key)))
                Expect.That(kinds.Contains(key.ToString()), key + " belongs to no optimizer");
        }

        [Test("mistakes with optimizers tell what was wrong")]
        private static void OptimizerMistakes()
        {
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.5))
            {
                Expect.Equal(0.5, adam.LearningRate);
                Expect.Contains("adam",
                                Expect.Throws(Status.NotFound, () => adam.Momentum = 0.5).Message);
                Expect.Contains("beta1",
                                Expect.Throws(Status.OutOfRange, () => adam.Beta1 = 2).Message);
                Expect.Throws(Status.OutOfRange, () => adam.LearningRate = double.NaN);
                Expect.Equal(0.5, adam.LearningRate, "the rate after mistakes");
            }
            Expect.Throws(Status.InvalidArgument, () => new Optimizer((OptimizerKind)77));
            Optimizer gone = new Optimizer(OptimizerKind.Sgd);
            gone.Dispose();
            gone.Dispose();
            Expect.Throws<ObjectDisposedException>(() => gone.LearningRate = 1);
        }
    }
}
