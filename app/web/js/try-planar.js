// The plane in the model's colours; a click asks for a point.

import { alertLine, h, on, signed, throttled, twinBar } from "./dom.js";
import { canvasOf, colour } from "./pad.js";
import { predictor, verdict, warnings } from "./predictions.js";

const [LEAST, MOST] = [-3, 4]; // the datasets' points lie between these
const CELLS = 70;
const SIDE = 560; // pixels of the canvas

export async function show(place, context) {
	const canvas = h("canvas.plane", { width: SIDE, height: SIDE, tabindex: 0, role: "img",
		label: "The plane in the model's colours. Click for a point; arrow keys move it." });
	const [x, y] = context.task.example.point.map((value, axis) => h("input", { type: "number", step: "0.1", min: -1000, max: 1000, value, id: `axis-${axis}` }));
	let shares = null; // probability of class 1, row by row from the top
	const draw = () => paint(canvas, shares, [x.valueAsNumber, y.valueAsNumber]);
	const { predict, result, drop } = predictor(context, ({ prediction }) => {
		return [verdict(prediction, `class ${prediction.label}`),
			h("ul", { label: "Effect of each coordinate", class: `bars num class-${prediction.label}` }, Object.entries(prediction.explanation.effects).map(([axis, effect]) =>
				h("li", h("span", axis), twinBar(effect), h("span.right", signed(effect))))),
			warnings(prediction)];
	});
	const ask = () => {
		draw();
		const point = [x.valueAsNumber, y.valueAsNumber];
		if (point.every(Number.isFinite)) predict({ point });
		else drop(alertLine("Both coordinates need a number."));
	};
	const plane = predictor({ ...context, show() {} }, ({ predictions }) => {
		shares = predictions.map((one) => (one.label === 1 ? one.probability : 1 - one.probability));
		ask();
	}, () => { shares = null; draw(); });
	const again = () => {
		const at = (place) => LEAST + ((place + 0.5) * (MOST - LEAST)) / CELLS;
		const instances = Array.from({ length: CELLS ** 2 }, (_, place) => ({ point: [at(place % CELLS), at(CELLS - 1 - Math.floor(place / CELLS))] }));
		plane.predict({ instances, explain: false });
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
	const soon = throttled(ask, 80);
	on(x, "input", soon);
	on(y, "input", soon);
	addEventListener("themechange", draw, { signal: context.signal });
	place.append(h("div.split",
		h("section.card", { label: "The plane" }, canvas, plane.result,
			h("p.soft.small.class-1", h("span.key", "class 1"), " ", h("span.key.minus", "class 0"), ` The fainter, the less sure; on the line both are as probable.`)),
		h("section.card", { label: "Point and answer" },
			h("div.grid", h("label", "x1", x), h("label", "x2", y)), result)));
	again();
	return again;
}

function paint(canvas, shares, point) {
	const view = canvas.getContext("2d");
	view.fillStyle = colour("--card");
	view.fillRect(0, 0, SIDE, SIDE);
	if (!shares) return;
	const [plus, minus] = ["--one-rgb", "--zero-rgb"].map((name) => colour(name).split(" ").map(Number));
	const [small, brush] = canvasOf(CELLS);
	const picture = brush.createImageData(CELLS, CELLS);
	shares.forEach((share, place) => picture.data.set([...(share > 0.5 ? plus : minus), 40 + 300 * Math.abs(share - 0.5)], 4 * place));
	brush.putImageData(picture, 0, 0);
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

/** Dots where both classes are as probable, between the centres of neighbours that differ. */
function boundary(view, shares) {
	const cell = SIDE / CELLS;
	view.fillStyle = colour("--ink");
	shares.forEach((share, place) => {
		const [column, row] = [place % CELLS, Math.floor(place / CELLS)];
		for (const [right, down] of [[1, 0], [0, 1]]) {
			if (column + right === CELLS || row + down === CELLS) continue;
			const part = (0.5 - share) / (shares[place + right + CELLS * down] - share);
			if (part > 0 && part <= 1) view.fillRect((column + 0.5 + right * part) * cell - 1.5, (row + 0.5 + down * part) * cell - 1.5, 3, 3);
		}
	});
}
