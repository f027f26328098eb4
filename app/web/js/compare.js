// Runs side by side: which is best, and by how much; their curves; where their recipes differ.

import { densely, pause, told } from "./api.js";
import { board, namesOf, ordered, tests } from "./board.js";
import { Curves } from "./curves.js";
import { alertLine, h, put, table, title } from "./dom.js";
import { pictures } from "./picture.js";
import { everyOf, metricOf } from "./series.js";

/** @import { Comparison, Epoch, Run } from "../../client/densely.js" */

const AGAIN = 3000; // ms between two looks at runs that are going

/** @type {import("./main.js").View["show"]} */
export async function show(place, [ids], signal) {
	const problem = alertLine();
	const ask = () => densely.get("compare", { runs: ids }, { signal });
	/** @type {Comparison} */
	const found = await ask();
	const order = ordered(found).map(({ run }) => run);
	const [standings, curves, pictured] = [h("section.card"), h("section.card", h("h2", "Curves")), h("div.stack")];
	const fill = (/** @type {Comparison} */ now) => {
		put(standings, h("h2", "Best first"), board(now), tests(now));
		put(pictured, others(now, ids, signal));
	};
	place.append(
		h(
			"div.stack",
			h(
				"div.head",
				title(`${found.runs.length} runs of ${found.task}`),
				h("p.lead.small", h("a", { href: "#/runs" }, "all runs")),
			),
			problem,
			standings,
			curves,
			h("section.card", h("h2", "Where they differ"), differences(found, order)),
			pictured,
		),
	);
	fill(found);
	const runs = await Promise.all(order.map((id) => densely.run(id, { signal })));
	const draw = await drawnIn(curves, runs, namesOf(found.runs), signal);
	const ended = async () => fill(await ask());
	follow(runs, { draw, ended, problem, signal }).catch((error) => {
		if (!signal.aborted) problem.textContent = told(error);
	});
}

/**
 * Looks at runs that are going until all have ended.
 *
 * @param {Run[]} runs
 * @param {{ draw: () => Promise<void>, ended: () => Promise<void>, problem: HTMLElement, signal: AbortSignal }} view
 */
async function follow(runs, { draw, ended, problem, signal }) {
	let going = runs.filter((run) => !run.isOver);
	while (going.length) {
		await pause(AGAIN, signal);
		try {
			await Promise.all(going.map((run) => run.refresh({ signal })));
			await draw();
			if (going.some((run) => run.isOver)) await ended();
			going = going.filter((run) => !run.isOver);
			problem.textContent = "";
		} catch (/** @type {any} */ error) {
			if (signal.aborted || !error.isPassing) throw error;
			problem.textContent = told(error);
		}
	}
}

/**
 * The runs' epochs, laid over one another; what is given back draws them as they are by then.
 *
 * @param {HTMLElement} card
 * @param {Run[]} runs best first
 * @param {Record<string, string>} named
 * @param {AbortSignal} signal
 */
async function drawnIn(card, runs, named, signal) {
	const [{ data }] = runs;
	const curves = new Curves(metricOf(data), {
		title: () => `${runs.length} runs of ${data.task}`,
		whole: (key) => /** @type {Run} */ (runs.find(({ id }) => id === key)).history({ signal }),
		isCompared: true,
	});
	const none = h("p.soft", "No epoch has ended yet.");
	const sweeps = [...new Set(runs.flatMap((run) => run.data.sweep ?? []))];
	/** @type {Map<string, Epoch[]>} */
	const known = new Map(); // of runs that have ended: they stay as they are
	const draw = async () => {
		const read = async (/** @type {Run} */ run) => {
			const epochs = known.get(run.id) ?? (await run.history({ every: everyOf(run.data), signal }));
			if (run.isOver) known.set(run.id, epochs);
			return { key: run.id, label: named[run.id], epochs };
		};
		curves.draw(await Promise.all(runs.map(read)));
		none.hidden = !curves.node.hidden;
	};
	card.append(curves.node, none, ...sweeps.map(sweepLink));
	await draw();
	return draw;
}

/** @param {string} id */
const sweepLink = (id) =>
	h(
		"p.small",
		"Of ",
		h("a", { href: `#/sweeps/${id}` }, `sweep ${id}`),
		": its parallel coordinates, and which field makes the difference.",
	);

/** The settings in which the runs differ. @param {Comparison} found @param {string[]} order ids, best first */
function differences({ runs: asked, differences: found }, order) {
	const places = order.map((run) => asked.findIndex(({ id }) => id === run));
	const runs = places.map((place) => asked[place]);
	const presets = runs.map((run) => run.preset);
	const settings = found.filter(({ field }) => field !== "preset");
	const rows = settings.map(({ field, values }) => [
		h("code", field),
		...places.map((place) => setting(values[place])),
	]);
	if (new Set(presets).size > 1) rows.unshift([h("code", "preset"), ...presets.map(setting)]);
	const heads = [h("span.hidden", "Name"), ...runs.map(({ id, label }) => h("a", { href: `#/runs/${id}` }, label))];
	return rows.length ? table("Settings in which the runs differ", heads, rows) : h("p.soft", "In nothing.");
}

/** @param {unknown} value */
const setting = (value) => h("code", value === null ? "–" : JSON.stringify(value));

/** What the service draws of them, and of their rows; the curves stand above. @param {Comparison} found @param {string} ids @param {AbortSignal} signal */
function others({ pictures: drawn }, ids, signal) {
	const of = `the runs ${ids.replaceAll(",", ", ")}`;
	const rest = drawn.filter(({ title: name }) => !["Curves", "Validation loss"].includes(name));
	return rest.length > 0 && h("section.card", { label: "Pictures" }, pictures(rest, of, signal));
}
