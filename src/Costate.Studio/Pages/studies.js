import { el } from "./dom.js";
import { chart } from "./chart.js";

// The plots of a study's report: each has what only it has.
export function ofStudy(report) {
    if (report.weights) return ofDensities(report);
    if (report.systems) return ofSystems(report);
    if (report.inversion) return ofReversibility(report);
    if (report.methods && report.points) return ofPosteriors(report);
    return report.curves ? ofGradients(report) : [];
}

const grouped = (rows, name, point) =>
    [...new Set(rows.map(name))].map((group) => ({ name: group, points: rows.filter((row) => name(row) === group).map(point) }));

function ofDensities(report) {
    const of = (row) => `${row.solver}, ${row.dimension} dimensions`;
    const curve = (title, y, logY) =>
        chart({ title, xLabel: "steps", yLabel: y, logX: true, logY, series: grouped(report.weights, of, (row) => [row.steps, row[y]]) });
    return [
        curve("Error of the log-density, root mean square", "rmsLogWeight", true),
        curve("Effective fraction of weighted samples", "effectiveFraction", false),
    ];
}

const ofPosteriors = (report) =>
    [...new Set(report.methods.map((row) => row.bed))].map((bed) =>
        chart({
            title: `Distance to the posterior, over the floor: ${bed}`,
            xLabel: "particles",
            yLabel: "distance / floor",
            logX: true,
            logY: true,
            series: grouped(
                report.methods.filter((row) => row.bed === bed),
                (row) => row.method,
                (row) => [row.particles, row.overFloor],
            ),
        }),
    );

// What comes back to the last bit has no error to draw.
function ofReversibility(report) {
    const exact = (problem) => problem.methods.filter((method) => method.points.every((p) => p.data === 0)).map((method) => method.label);
    const inversion = (problem) =>
        el(
            "div",
            {},
            chart({
                title: `What inversion loses: ${problem.problem}`,
                xLabel: "steps",
                yLabel: "mean squared error",
                logX: true,
                logY: true,
                series: problem.methods
                    .filter((method) => !exact(problem).includes(method.label))
                    .map((method) => ({ name: method.label, points: method.points.map((p) => [p.steps, p.data]) })),
            }),
            el("span.help", {}, `To the last bit: ${exact(problem).join(", ") || "none"}.`),
        );
    const errors = (title, curves) =>
        chart({
            title,
            xLabel: "network evaluations",
            yLabel: "relative error",
            logX: true,
            logY: true,
            series: curves.map((curve) => ({ name: curve.label, points: curve.points.map((p) => [p.networkEvaluations, p.error]) })),
        });
    return [
        ...report.inversion.map(inversion),
        errors("Error of dL/dx_T beside the continuous problem", report.gradient),
        errors("Error of the sample beside the continuous problem", report.order),
    ];
}

const ofSystems = (report) =>
    report.systems.flatMap((system) => {
        const curve = (title, y, logY) =>
            chart({
                title: `${system.label}: ${title}`,
                xLabel: "network evaluations of a sample",
                yLabel: y.label,
                logX: true,
                logY,
                series: grouped(
                    system.points,
                    (row) => row.solver,
                    (row) => [row.evaluations, row[y.name]],
                ),
            });
        const floor = Number(system.chains.energyFloor).toPrecision(2);
        return [
            curve(
                `energies of weighted samples (two sets of chains: ${floor})`,
                { name: "weightedEnergyDistance", label: "W2 of energies" },
                true,
            ),
            curve("effective fraction of weighted samples", { name: "effectiveFraction", label: "fraction" }, false),
            chart({
                title: `${system.label}: loss of its flow in training`,
                xLabel: "part of the training",
                yLabel: "loss",
                logY: true,
                series: [{ name: "", points: system.flow.losses.map((loss, i) => [i + 1, loss]) }],
            }),
        ];
    });

function ofGradients(report) {
    const errors = (y, of, title) =>
        chart({
            title,
            xLabel: "network evaluations, forward and backward",
            yLabel: "relative error",
            logX: true,
            logY: true,
            series: report.curves
                .filter((curve) => curve.comparison === of)
                .map((curve) => ({
                    name: curve.label,
                    points: curve.points.map((p) => [p.networkEvaluations + p.vectorJacobianProducts, p[y]]),
                })),
        });
    const kinds = [...new Set(report.curves.map((curve) => curve.comparison))];
    const name = (kind) =>
        ({ solvers: "exact discrete adjoint of each solver", methods: "each gradient method, for DPM-Solver++2M" })[kind] ?? kind;
    return [
        ...kinds.map((kind) => errors("startNoiseError", kind, `Error of dL/dx_T: ${name(kind)}`)),
        ...kinds.map((kind) => errors("conditionError", kind, `Error of dL/dz: ${name(kind)}`)),
        chart({
            title: "States kept for one gradient",
            series: report.curves.map((c) => ({ name: c.label, points: c.points.map((p) => [p.steps, p.peakStoredBytes]) })),
            xLabel: "steps",
            yLabel: "bytes",
            logX: true,
            logY: true,
        }),
        report.lookahead
            ? chart({
                  title: "Gradient of a lookahead of n steps beside that of the sample",
                  xLabel: "steps of the lookahead",
                  yLabel: "relative error",
                  logX: true,
                  logY: true,
                  series: [...new Set(report.lookahead.points.map((p) => p.time))].map((time) => ({
                      name: `from t = ${time}`,
                      points: report.lookahead.points.filter((p) => p.time === time).map((p) => [p.steps, p.error]),
                  })),
              })
            : null,
    ];
}
