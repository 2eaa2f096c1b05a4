import { el } from "./dom.js";
import { file } from "./api.js";
import { chart } from "./chart.js";
import { ofStudy } from "./studies.js";

// What a job of each kind has to say besides its pictures; it comes when its report has been read.
export function details(job) {
    const place = el("div");
    const show = { edit: ofEdit, gradient: ofGradient, study: ofStudy, guide: ofGuide, morph: ofMorph }[job.kind];
    const study = job.values.study === "gradients" ? "study" : job.values.study;
    const report = job.kind === "study" ? job.files.find((name) => name.split("/").at(-1) === `${study}.json`) : "result.json";
    if (show && job.files.includes(report)) {
        file(job.id, report)
            .then((read) =>
                place.replaceChildren(
                    ...show(read)
                        .filter(Boolean)
                        .map((made) => el("div.card", {}, made)),
                ),
            )
            .catch(() => {});
    }
    return place;
}

const number = (value) => (value === 0 ? "0, to the last bit" : Number(value).toPrecision(3));
const stats = (pairs) =>
    el(
        "div.stats",
        {},
        pairs.filter(([, v]) => v !== null && v !== undefined).map(([name, value]) => el("div", {}, name, el("b", {}, value))),
    );

const ofEdit = (report) =>
    report.roundTripError === undefined || report.roundTripError === null
        ? []
        : [
              el(
                  "div",
                  {},
                  stats([["Round-trip error", number(report.roundTripError)]]),
                  el(
                      "span.help",
                      {},
                      "Under its own words the picture comes back; this is the largest difference, beside the largest entry of its latent.",
                  ),
              ),
          ];

function ofGradient(report) {
    const way = report.onTheWay;
    if (!way) return [];
    const steps = way.stateTimes.map((time, i) => [i, mean(way.gradientNorms[i])]);
    const growth = steps.slice(1).map(([i, norm]) => [i, norm > 0 && steps[i - 1][1] > 0 ? Math.log(steps[i - 1][1] / norm) : 0]);
    return [
        stats([["Loss", report.loss.map(number).join(", ")]]),
        chart({
            title: "Loss of what is predicted, on the way",
            series: [{ name: "", points: way.predictionTimes.map((t, i) => [i, mean(way.predictionLosses[i])]) }],
            xLabel: "evaluation",
            yLabel: "loss",
        }),
        chart({
            title: "Length of the gradient at each state",
            series: [{ name: "", points: steps }],
            xLabel: "state, from the noise",
            yLabel: "length",
            bars: true,
        }),
        chart({
            title: "What each step does to it",
            series: [{ name: "", points: growth }],
            xLabel: "step",
            yLabel: "log of growth, towards the noise",
            bars: true,
        }),
    ];
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function ofGuide(report) {
    const best = report.samples[report.best ?? 0];
    return [
        stats([
            ["Loss", best.loss === null ? "diverged" : number(best.loss)],
            ["PSNR", best.psnr === undefined || best.psnr === null ? null : `${Number(best.psnr).toFixed(1)} dB`],
            ["Vector-Jacobian products", report.vectorJacobianProducts],
        ]),
    ];
}

const ofMorph = (report) => [
    stats([
        ["Taken for both", report.accepted ? "yes" : "no"],
        ["The blend alone", report.blend?.accepted ? "yes" : "no"],
        ["Network evaluations", report.cost?.networkEvaluations],
    ]),
];
