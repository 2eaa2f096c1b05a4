using Costate.Cli;
using Costate.Cli.Terminals;
using Costate.Faces.Machines;

HeapSettings.KeepFreedMemory();
OpenMpSettings.WaitAsleep();
using var interrupt = new Interrupt(Console.Error);
return CommandLine.Run(args, Terminal.OfProcess(), interrupt.Token);

/// <summary>Not public, as ASP.NET Core would have it.</summary>
internal sealed partial class Program;
