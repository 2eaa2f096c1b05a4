import { el, svg } from "./dom.js";

const Colours = ["#4a5bd4", "#d9793d", "#2f8f6b", "#b3489a", "#8a8f2e", "#3a93b8", "#c2453f", "#7a6ad8", "#6b7280", "#a1753d"];
const Width = 560,
    Height = 300,
    Left = 58,
    Right = 12,
    Top = 10,
    Bottom = 38;

const text = (value) =>
    value === 0
        ? "0"
        : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3
          ? value.toExponential(1).replace("e+", "e")
          : String(Number(value.toPrecision(4)));

function axis(values, isLog, from, to) {
    let [low, high] = [Math.min(...values), Math.max(...values)];
    if (isLog) [low, high] = [Math.log10(low), Math.log10(high)];
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    const place = (value) => from + (((isLog ? Math.log10(value) : value) - low) / (high - low)) * (to - from);
    const step = isLog ? Math.max(1, Math.ceil((high - low) / 6)) : nice((high - low) / 5);
    const ticks = [];
    for (let at = Math.ceil(low / step) * step; at <= high + 1e-9; at += step) ticks.push(isLog ? 10 ** at : Number(at.toPrecision(12)));
    return { place, ticks: ticks.length > 1 ? ticks : [...ticks, isLog ? 10 ** low : low, isLog ? 10 ** high : high] };
}

function nice(step) {
    const power = 10 ** Math.floor(Math.log10(step));
    return power * ([1, 2, 5, 10].find((m) => m * power >= step) ?? 10);
}

// Lines or bars through points [x, y]; series can be taken out, and the nearest point is told.
export function chart({ title, series, xLabel = "", yLabel = "", logX = false, logY = false, bars = false }) {
    const off = new Set(),
        tip = el("div.tip"),
        holder = el("div"),
        legend = el("div.legend");
    const draw = () => {
        const shown = series
            .map((s, i) => ({ ...s, colour: Colours[i % Colours.length], isDashed: i >= Colours.length }))
            .filter((s) => !off.has(s.name))
            .map((s) => ({
                ...s,
                points: s.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!logX || x > 0) && (!logY || y > 0)),
            }));
        const points = shown.flatMap((s) => s.points);
        if (points.length === 0) return void holder.replaceChildren(el("div.quiet", {}, "Nothing to show."));
        const x = axis(
            points.map((p) => p[0]),
            logX,
            Left,
            Width - Right,
        );
        const y = axis(bars ? [0, ...points.map((p) => p[1])] : points.map((p) => p[1]), logY, Height - Bottom, Top);
        const picture = svg("svg", { viewBox: `0 0 ${Width} ${Height}`, role: "img", "aria-label": title });
        const say = (value, attributes) => {
            const made = svg("text", attributes);
            made.textContent = value;
            picture.append(made);
        };
        for (const tick of y.ticks) {
            picture.append(svg("line", { class: "grid", x1: Left, x2: Width - Right, y1: y.place(tick), y2: y.place(tick) }));
            say(text(tick), { x: Left - 6, y: y.place(tick) + 4, "text-anchor": "end" });
        }
        for (const tick of x.ticks) say(text(tick), { x: x.place(tick), y: Height - Bottom + 15, "text-anchor": "middle" });
        picture.append(svg("line", { class: "axis", x1: Left, x2: Width - Right, y1: Height - Bottom, y2: Height - Bottom }));
        say(xLabel, { x: (Left + Width - Right) / 2, y: Height - 6, "text-anchor": "middle" });
        say(yLabel, {
            x: 13,
            y: (Top + Height - Bottom) / 2,
            "text-anchor": "middle",
            transform: `rotate(-90 13 ${(Top + Height - Bottom) / 2})`,
        });
        for (const s of shown) {
            if (bars) {
                const wide = Math.max(2, ((Width - Left - Right) / s.points.length) * 0.6);
                for (const [px, py] of s.points) {
                    const top = y.place(py),
                        bottom = y.place(0);
                    picture.append(
                        svg("rect", {
                            x: x.place(px) - wide / 2,
                            y: Math.min(top, bottom),
                            width: wide,
                            height: Math.abs(bottom - top),
                            fill: s.colour,
                            rx: 1.5,
                        }),
                    );
                }
            } else {
                picture.append(
                    svg("polyline", {
                        points: s.points.map((p) => `${x.place(p[0])},${y.place(p[1])}`).join(" "),
                        fill: "none",
                        stroke: s.colour,
                        "stroke-width": 1.8,
                        "stroke-dasharray": s.isDashed ? "5 4" : "none",
                    }),
                );
                if (s.points.length < 60)
                    for (const p of s.points)
                        picture.append(svg("circle", { cx: x.place(p[0]), cy: y.place(p[1]), r: 2.4, fill: s.colour }));
            }
        }
        picture.addEventListener("pointermove", (event) => {
            const box = picture.getBoundingClientRect();
            const [mx, my] = [((event.clientX - box.left) / box.width) * Width, ((event.clientY - box.top) / box.height) * Height];
            let best = null;
            for (const s of shown)
                for (const p of s.points) {
                    const far = Math.hypot(x.place(p[0]) - mx, y.place(p[1]) - my);
                    if (!best || far < best.far) best = { far, s, p };
                }
            tip.textContent = `${best.s.name ? best.s.name + ": " : ""}${xLabel} ${text(best.p[0])}, ${yLabel} ${text(best.p[1])}`;
        });
        holder.replaceChildren(picture);
    };
    if (series.length > 1) {
        legend.append(
            ...series.map((s, i) => {
                const mark = el("i");
                mark.style.background = Colours[i % Colours.length];
                return el(
                    "button",
                    {
                        type: "button",
                        onclick: (event) => {
                            off.has(s.name) ? off.delete(s.name) : off.add(s.name);
                            event.currentTarget.classList.toggle("off");
                            draw();
                        },
                    },
                    mark,
                    s.name,
                );
            }),
        );
    }
    draw();
    return el("div.chart", {}, title ? el("h2", {}, title) : null, holder, tip, legend);
}
