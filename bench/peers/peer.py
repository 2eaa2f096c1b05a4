# The problem of `Costate.Benchmarks peers` in PyTorch: python3 peer.py FOLDER prints seconds and writes the gradient, ... memory bytes.
import json, math, sys, time, numpy, torch, torch.utils.checkpoint
import torch.nn.functional as F

torch.set_num_threads(1)
folder = sys.argv[1]
problem = json.load(open(f"{folder}/problem.json"))
data = open(f"{folder}/tensors.safetensors", "rb").read()
size = 8 + int.from_bytes(data[:8], "little")
W = {name: torch.from_numpy(numpy.frombuffer(data[size + e["data_offsets"][0] : size + e["data_offsets"][1]], numpy.float32).copy())
     .reshape(e["shape"]) for name, e in json.loads(data[8:size]).items() if name != "__metadata__"}
start = W.pop("start")
channels, layers, groups, head = (problem[key] for key in ("channels", "layers", "groups", "head"))

conv = lambda name, x, **options: F.conv2d(x, W[name + ".weight"], W[name + ".bias"], **options)
linear = lambda name, x: F.linear(x, W[name + ".weight"], W[name + ".bias"])
norm = lambda name, x: F.group_norm(x, groups, W[name + ".weight"], W[name + ".bias"], 1e-5)

def resnet(name, x, temb):
    h = conv(name + ".conv1", F.silu(norm(name + ".norm1", x)), padding=1) + linear(name + ".time_emb_proj", temb)[:, :, None, None]
    h = conv(name + ".conv2", F.silu(norm(name + ".norm2", h)), padding=1)
    return h + (conv(name + ".conv_shortcut", x) if name + ".conv_shortcut.weight" in W else x)

def attention(name, x):
    if name + ".to_q.weight" not in W:
        return x
    b, c, h, w = x.shape
    y = norm(name + ".group_norm", x).reshape(b, c, h * w).transpose(1, 2)
    q, k, v = (linear(f"{name}.to_{n}", y).reshape(b, h * w, c // head, head).transpose(1, 2) for n in "qkv")
    y = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(head), -1) @ v
    return x + linear(name + ".to_out.0", y.transpose(1, 2).reshape(b, h * w, c)).transpose(1, 2).reshape(b, c, h, w)

def network(x, t):
    half = channels[0] // 2
    angles = t * torch.exp(-math.log(10000) * torch.arange(half) / half)
    temb = linear("time_embedding.linear_1", torch.cat([angles.cos(), angles.sin()])[None])
    temb = F.silu(linear("time_embedding.linear_2", F.silu(temb)))
    kept = [conv("conv_in", x, padding=1)]
    for level in range(len(channels)):
        for i in range(layers):
            kept.append(attention(f"down_blocks.{level}.attentions.{i}", resnet(f"down_blocks.{level}.resnets.{i}", kept[-1], temb)))
        if level < len(channels) - 1:
            kept.append(conv(f"down_blocks.{level}.downsamplers.0.conv", kept[-1], stride=2, padding=1))
    h = resnet("mid_block.resnets.0", kept[-1], temb)
    h = resnet("mid_block.resnets.1", attention("mid_block.attentions.0", h), temb)
    for level in range(len(channels)):
        for i in range(layers + 1):
            h = resnet(f"up_blocks.{level}.resnets.{i}", torch.cat([h, kept.pop()], 1), temb)
            h = attention(f"up_blocks.{level}.attentions.{i}", h)
        if level < len(channels) - 1:
            h = conv(f"up_blocks.{level}.upsamplers.0.conv", F.interpolate(h, scale_factor=2.0), padding=1)
    return conv("conv_out", F.silu(norm("conv_norm_out", h)), padding=1)

def sample(x, call):
    for t, a, b in problem["steps"]:
        x = a * x + b * call(x, t)
    return x

def gradient(call):
    x = start.clone().requires_grad_()
    sample(x, call).square().sum().backward()
    return x.grad

resident = lambda field: next(1024 * int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

def growth(work):
    work()
    open("/proc/self/clear_refs", "w").write("5")
    before = resident("VmRSS:")
    work()
    return resident("VmHWM:") - before

def seconds(work):
    times = []
    for turn in range(problem["turns"] + 1):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return sorted(times[1:])[len(times) // 4]

runs = {
    "call": torch.no_grad()(lambda: network(start, 500.0)),
    "sample": torch.no_grad()(lambda: sample(start, network)),
    "plain": lambda: gradient(network),
    "checkpointed": lambda: gradient(lambda x, t: torch.utils.checkpoint.checkpoint(lambda y: network(y, t), x)),
}
if sys.argv[2:] == ["memory"]:
    print(json.dumps({name: growth(runs[name]) for name in ("plain", "checkpointed")}))
else:
    gradient(network).numpy().tofile(f"{folder}/gradient.f32")
    print(json.dumps({"version": torch.__version__, **{name: seconds(work) for name, work in runs.items()}}))
