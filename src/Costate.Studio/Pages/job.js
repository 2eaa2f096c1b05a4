import { bytes, copyButton, el, seconds } from "./dom.js";
import { cancel, fileUrl, remove, tried, uploadUrl } from "./api.js";
import { chart } from "./chart.js";
import { details } from "./results.js";
import { slider } from "./compare.js";

// What is shown of a job; `tell` brings it up to date while it is being done.
export function jobView(job, page, { again, others }) {
    const isLive = job.state === "Running" || job.state === "Waiting";
    const head = el(
        "div.card",
        {},
        el(
            "div.row.spread",
            {},
            el("div.row", {}, el("h1", {}, page.title), el(`span.state.${job.state}`, {}, job.state.toLowerCase())),
            el(
                "div.row",
                {},
                isLive ? el("button.small", { type: "button", onclick: () => tried(() => cancel(job.id)) }, "Cancel") : null,
                el("button.small", { type: "button", onclick: again }, "Fill in again"),
                isLive ? null : el("button.small", { type: "button", onclick: () => tried(() => remove(job.id)) }, "Delete"),
            ),
        ),
    );
    const view = el("div", {}, head);
    if (isLive) {
        const live = liveView(job);
        head.append(live.element);
        view.append(commands(job));
        return { element: view, tell: live.tell };
    }
    head.append(
        el(
            "div.stats",
            {},
            stat("Took", seconds(job.seconds)),
            evaluations(job),
            job.firstPicture === null ? null : stat("First preview after", seconds(job.firstPicture)),
            stat("Asked for", new Date(job.made).toLocaleString()),
        ),
    );
    if (job.message && job.state !== "Done") head.append(el("p.message", {}, job.message));
    if (job.state === "Done" && job.kind === "study") view.append(details(job));
    if (job.state === "Done") view.append(results(job, others));
    if (job.losses.length > 1) view.append(el("div.card", {}, lossChart("Loss", job.losses)));
    if (job.state === "Done" && job.kind !== "study") view.append(details(job));
    view.append(commands(job));
    return { element: view, tell: () => {} };
}

const lossChart = (title, points) => chart({ title, series: [{ name: "", points }], xLabel: "evaluations", yLabel: "loss" });

// Studies do not say theirs.
const evaluations = (of) => (of.evaluations > 0 ? stat("Network evaluations", of.evaluations) : null);

const stat = (name, value) => el("div", {}, name, el("b", {}, String(value)));

function liveView(job) {
    const bar = el("i"),
        preview = el("img.preview", { alt: "The picture that is predicted now", hidden: true });
    const numbers = el("div.stats"),
        curve = el("div"),
        note = el("div.quiet", {}, job.state === "Waiting" ? "Waits for its turn." : "Begins.");
    const losses = [];
    let shown = 0;
    return {
        element: el("div", {}, el("div.bar", {}, bar), el("div.live", {}, preview, el("div", {}, numbers, curve, note))),
        tell: (now) => {
            bar.style.width = `${now.done * 100}%`;
            note.textContent = [now.part, now.note].filter(Boolean).join(": ");
            numbers.replaceChildren(
                ...[
                    evaluations(now),
                    stat("Time", seconds(now.seconds)),
                    stat("Left, about", seconds(now.left)),
                    stat("Memory", bytes(now.memoryBytes)),
                ].filter(Boolean),
            );
            if (now.preview > shown) {
                shown = now.preview;
                preview.hidden = false;
                preview.src = `/api/jobs/${job.id}/preview?n=${shown}`;
            }
            if (now.loss && losses.at(-1)?.[0] !== now.loss[0]) {
                losses.push(now.loss);
                if (losses.length > 1) curve.replaceChildren(lossChart("", losses));
            }
        },
    };
}

function results(job, others) {
    const pictures = job.files.filter((name) => name.endsWith(".png"));
    const isPlot = (name) => job.kind === "study" || /loss|plot|curve/.test(name);
    const wide = job.kind === "study" || pictures.some((name) => /strip/.test(name));
    const card = el("div.card", {});
    const own = job.values.SAMPLE ?? (job.kind === "guide" ? job.values.IMAGE : null);
    const result = pictures.find((name) => name === "edit.png" || name === "result.png");
    const place = el("div");
    const compare = (name) => {
        const left = others.find((other) => other.url === choice.value);
        place.replaceChildren(slider(left?.url ?? choice.value, fileUrl(job.id, name), [left?.name ?? "input", name]));
    };
    const choice = el(
        "select",
        { "aria-label": "Compare with", onchange: () => compare(chosen) },
        own ? el("option", { value: uploadUrl(own) }, "the picture given") : null,
        others.map((other) => el("option", { value: other.url }, other.name)),
    );
    let chosen = result ?? pictures[0];
    const pick = (name) => {
        chosen = name;
        compare(name);
        place.scrollIntoView({ block: "nearest" });
    };
    if (chosen && choice.options.length > 0 && job.kind !== "study") {
        card.append(place, el("div.row", {}, el("span.quiet", {}, "Compare with"), choice));
        if (own && result) compare(result);
    }
    card.append(
        el(
            wide ? "div.pictures.wide" : "div.pictures",
            {},
            pictures.map((name) =>
                el(
                    "figure",
                    {},
                    el(isPlot(name) ? "img.smooth" : "img", { src: fileUrl(job.id, name), alt: name, loading: "lazy" }),
                    el(
                        "figcaption",
                        {},
                        name,
                        el(
                            "span.row",
                            {},
                            job.kind === "study" || choice.options.length === 0
                                ? null
                                : el("button.small", { type: "button", onclick: () => pick(name) }, "Compare"),
                            el("a", { href: fileUrl(job.id, name), download: name }, "Save"),
                        ),
                    ),
                ),
            ),
        ),
    );
    const rest = job.files.filter((name) => !name.endsWith(".png") && !name.includes("measurements/"));
    card.append(
        el(
            "p.row",
            {},
            rest.map((name) => el("a.button.small", { href: fileUrl(job.id, name), download: name.split("/").at(-1) }, name)),
            el("a.button.small", { href: `/api/jobs/${job.id}/archive` }, "All files"),
        ),
    );
    return card;
}

const commands = (job) =>
    el(
        "div.card",
        {},
        el("div.row.spread", {}, el("h2", {}, "The same on the command line"), copyButton(job.commandLine)),
        el("pre", {}, job.commandLine),
        el(
            "details",
            {},
            el("summary", {}, "The same in C#"),
            el("div.row.spread", {}, el("span.quiet", {}, "Packages: Costate.Faces, TorchSharp-cpu, SkiaSharp"), copyButton(job.code)),
            el("pre.code", {}, job.code),
        ),
    );
