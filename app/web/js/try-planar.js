// The plane in the model's colours; a click asks for a point.

import { post } from "./api.js";
import { debounced, h, percent, signed, twinBar } from "./dom.js";
import { canvasOf } from "./pad.js";
import { predictor, warnings } from "./predictions.js";

const [LEAST, MOST] = [-3, 4]; // the datasets' points lie between these
const CELLS = 70;
const SIDE = 560; // pixels of the canvas

/** Shows the form; returns a function that asks again. */
export async function show(place, context) {
	const canvas = h("canvas.plane", { width: SIDE, height: SIDE, tabindex: 0, role: "img",
		"aria-label": "The plane in the model's colours. Click for a point; arrow keys move it." });
	const [x, y] = context.task.example.point.map((value, axis) => h("input", { type: "number", step: "0.1", min: -1000, max: 1000, value, id: `axis-${axis}` }));
	const result = h("div.stack");
	let shares = null; // probability of class 1, row by row from the top
	const draw = () => paint(canvas, shares, [x.valueAsNumber, y.valueAsNumber]);
	const { predict, problem, drop } = predictor(context, ({ prediction }) => {
		const effects = prediction.explanation?.effects;
		result.replaceChildren(...[h("p.verdict", prediction.abstained ? "not sure enough" : `class ${prediction.label}`, " ", h("small", percent(prediction.probability))),
			effects && h("ul.bars.num", { "aria-label": "Effect of each coordinate" }, Object.entries(effects).map(([axis, effect]) =>
				h("li", h("span", axis), twinBar(effect), h("span.right", signed(effect))))),
			warnings(prediction)].filter(Boolean));
	});
	const ask = () => {
		draw();
		const point = [x.valueAsNumber, y.valueAsNumber];
		if (point.every(Number.isFinite)) predict({ point });
		else { drop(); problem.textContent = "Both coordinates need a number."; }
	};
	const colourPlane = async () => {
		const at = (place) => LEAST + ((place + 0.5) * (MOST - LEAST)) / CELLS;
		const instances = Array.from({ length: CELLS ** 2 }, (_, place) => ({ point: [at(place % CELLS), at(CELLS - 1 - Math.floor(place / CELLS))] }));
		const answer = await post("predict", { task: "planar", instances, ...context.model() }, context.signal);
		shares = answer.predictions.map((one) => (one.label === 1 ? one.probability : 1 - one.probability));
		draw();
	};
	const put = (px, py) => {
		const within = (value) => Math.min(MOST, Math.max(LEAST, value)).toFixed(2);
		x.value = within(px);
		y.value = within(py);
		ask();
	};
	canvas.addEventListener("click", (event) => {
		const box = canvas.getBoundingClientRect();
		put(LEAST + ((event.clientX - box.left) / box.width) * (MOST - LEAST), MOST - ((event.clientY - box.top) / box.height) * (MOST - LEAST));
	});
	canvas.addEventListener("keydown", (event) => {
		const [dx, dy] = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key] ?? [0, 0];
		if (!dx && !dy) return;
		event.preventDefault();
		put(x.valueAsNumber + dx, y.valueAsNumber + dy);
	});
	const soon = debounced(ask, 80);
	x.addEventListener("input", soon);
	y.addEventListener("input", soon);
	addEventListener("themechange", draw, { signal: context.signal });
	place.append(h("div.split",
		h("section.card", { "aria-label": "The plane" }, canvas,
			h("p.soft.small", h("span.key", "class 1"), " ", h("span.key.minus", "class 0"), ` The paler, the less sure. Both axes run from ${LEAST} to ${MOST}; the line is where both are as probable.`)),
		h("section.card", { "aria-label": "Point and answer" },
			h("div.grid", h("label", "x", x), h("label", "y", y)), h("div", { "aria-live": "polite" }, result), problem)));
	const again = async () => { await colourPlane(); ask(); };
	await again();
	return again;
}

function paint(canvas, shares, point) {
	if (!shares) return;
	const style = getComputedStyle(document.documentElement);
	const rgb = (name) => style.getPropertyValue(name).trim().split(" ").map(Number);
	const [plus, minus, ground] = [rgb("--for-rgb"), rgb("--against-rgb"), style.getPropertyValue("--card")];
	const [small, brush] = canvasOf(CELLS);
	const picture = brush.createImageData(CELLS, CELLS);
	shares.forEach((share, place) => picture.data.set([...(share > 0.5 ? plus : minus), 40 + 300 * Math.abs(share - 0.5)], 4 * place));
	brush.putImageData(picture, 0, 0);
	const view = canvas.getContext("2d");
	view.fillStyle = ground;
	view.fillRect(0, 0, SIDE, SIDE);
	view.drawImage(small, 0, 0, SIDE, SIDE);
	boundary(view, shares, style.getPropertyValue("--ink"));
	const to = (value) => ((value - LEAST) / (MOST - LEAST)) * SIDE;
	view.fillStyle = style.getPropertyValue("--ink");
	view.font = "14px system-ui, sans-serif";
	for (let tick = LEAST + 1; tick < MOST; tick++) {
		view.fillText(String(tick), to(tick) - 4, SIDE - 8);
		view.fillText(String(tick), 8, SIDE - to(tick) + 5);
	}
	const [px, py] = [to(point[0]), SIDE - to(point[1])];
	for (const [radius, colour] of [[10, ground], [7, style.getPropertyValue("--ink")]]) {
		view.fillStyle = colour;
		view.beginPath();
		view.arc(px, py, radius, 0, 7);
		view.fill();
	}
}

/** The line where both classes are as probable: marching squares over the cells' centres. */
function boundary(view, shares, colour) {
	const cell = SIDE / CELLS;
	view.strokeStyle = colour;
	view.lineWidth = 2;
	view.beginPath();
	for (let row = 0; row + 1 < CELLS; row++) {
		for (let column = 0; column + 1 < CELLS; column++) {
			const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([dx, dy]) => ({ x: column + dx + 0.5, y: row + dy + 0.5, over: shares[(row + dy) * CELLS + column + dx] - 0.5 }));
			const crossings = corners.flatMap((one, place) => {
				const next = corners[(place + 1) % 4];
				if (one.over > 0 === next.over > 0) return [];
				const part = one.over / (one.over - next.over);
				return [[one.x + part * (next.x - one.x), one.y + part * (next.y - one.y)]];
			});
			crossings.forEach(([x, y], place) => view[place % 2 ? "lineTo" : "moveTo"](x * cell, y * cell));
		}
	}
	view.stroke();
}
