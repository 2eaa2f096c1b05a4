// Torch's settings, counts of tensors and the console belong to the process, and the other core to another project's tests.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
