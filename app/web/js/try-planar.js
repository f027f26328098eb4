// The plane in the model's colours; a click asks for a point.

import { post } from "./api.js";
import { debounced, h, on, put, signed, twinBar } from "./dom.js";
import { canvasOf, colour } from "./pad.js";
import { answers, predictor, verdict, warnings } from "./predictions.js";

const [LEAST, MOST] = [-3, 4]; // the datasets' points lie between these
const CELLS = 70;
const SIDE = 560; // pixels of the canvas

export async function show(place, context) {
	const canvas = h("canvas.plane", { width: SIDE, height: SIDE, tabindex: 0, role: "img",
		label: "The plane in the model's colours. Click for a point; arrow keys move it." });
	const [x, y] = context.task.example.point.map((value, axis) => h("input", { type: "number", step: "0.1", min: -1000, max: 1000, value, id: `axis-${axis}` }));
	const result = answers();
	let shares = null; // probability of class 1, row by row from the top
	const draw = () => paint(canvas, shares, [x.valueAsNumber, y.valueAsNumber]);
	const { predict, problem, drop } = predictor(context, ({ prediction }) => {
		const effects = prediction.explanation?.effects;
		put(result, [verdict(prediction, `class ${prediction.label}`),
			effects && h("ul.bars.num", { label: "Effect of each coordinate" }, Object.entries(effects).map(([axis, effect]) =>
				h("li", h("span", axis), twinBar(effect), h("span.right", signed(effect))))),
			warnings(prediction)]);
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
	const move = (px, py) => {
		const within = (value) => Math.min(MOST, Math.max(LEAST, value)).toFixed(2);
		x.value = within(px);
		y.value = within(py);
		ask();
	};
	on(canvas, "click", (event) => {
		const box = canvas.getBoundingClientRect();
		move(LEAST + ((event.clientX - box.left) / box.width) * (MOST - LEAST), MOST - ((event.clientY - box.top) / box.height) * (MOST - LEAST));
	});
	on(canvas, "keydown", (event) => {
		const [dx, dy] = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key] ?? [0, 0];
		if (!dx && !dy) return;
		event.preventDefault();
		move(x.valueAsNumber + dx, y.valueAsNumber + dy);
	});
	const soon = debounced(ask, 80);
	on(x, "input", soon);
	on(y, "input", soon);
	addEventListener("themechange", draw, { signal: context.signal });
	place.append(h("div.split",
		h("section.card", { label: "The plane" }, canvas,
			h("p.soft.small", h("span.key", "class 1"), " ", h("span.key.minus", "class 0"), ` The fainter, the less sure; on the line both are as probable.`)),
		h("section.card", { label: "Point and answer" },
			h("div.grid", h("label", "x", x), h("label", "y", y)), result, problem)));
	const again = () => colourPlane().then(ask, (error) => { problem.textContent = error.message; });
	await again();
	return again;
}

function paint(canvas, shares, point) {
	if (!shares) return;
	const [plus, minus] = ["--for-rgb", "--against-rgb"].map((name) => colour(name).split(" ").map(Number));
	const [small, brush] = canvasOf(CELLS);
	const picture = brush.createImageData(CELLS, CELLS);
	shares.forEach((share, place) => picture.data.set([...(share > 0.5 ? plus : minus), 40 + 300 * Math.abs(share - 0.5)], 4 * place));
	brush.putImageData(picture, 0, 0);
	const view = canvas.getContext("2d");
	view.fillStyle = colour("--card");
	view.fillRect(0, 0, SIDE, SIDE);
	view.drawImage(small, 0, 0, SIDE, SIDE);
	boundary(view, shares);
	const to = (value) => ((value - LEAST) / (MOST - LEAST)) * SIDE;
	view.fillStyle = colour("--ink");
	view.font = "14px system-ui, sans-serif";
	for (let tick = LEAST + 1; tick < MOST; tick++) {
		view.fillText(String(tick), to(tick) - 4, SIDE - 8);
		view.fillText(String(tick), 8, SIDE - to(tick) + 5);
	}
	const [px, py] = [to(point[0]), SIDE - to(point[1])];
	for (const [radius, name] of [[10, "--card"], [7, "--ink"]]) {
		view.fillStyle = colour(name);
		view.beginPath();
		view.arc(px, py, radius, 0, 7);
		view.fill();
	}
}

/** The line where both classes are as probable: marching squares over the cells' centres. */
function boundary(view, shares) {
	const cell = SIDE / CELLS;
	view.strokeStyle = colour("--ink");
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
