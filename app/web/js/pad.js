// A digit as MNIST has it: its longer side 20 pixels, its centre of mass in the middle of 28 × 28.

const SIDE = 28;
const BOX = 20;

export function canvasOf(width, height = width) {
	const canvas = document.createElement("canvas");
	canvas.width = Math.max(1, Math.round(width));
	canvas.height = Math.max(1, Math.round(height));
	return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

/** A custom property of the style sheet, in the present theme. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The ink of a canvas: its opacity, 0 to 255, row by row. */
function inkOf(canvas) {
	const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
	return Uint8Array.from({ length: data.length / 4 }, (_, place) => data[4 * place + 3]);
}

/** Bounds and centre of mass of what is inked. */
function measure(canvas) {
	const { width, height } = canvas;
	const ink = inkOf(canvas);
	let [left, top, right, bottom, mass, x, y] = [width, height, -1, -1, 0, 0, 0];
	for (let row = 0; row < height; row++) {
		for (let column = 0; column < width; column++) {
			const value = ink[row * width + column];
			if (value < 16) continue;
			left = Math.min(left, column); right = Math.max(right, column);
			top = Math.min(top, row); bottom = Math.max(bottom, row);
			mass += value; x += value * (column + 0.5); y += value * (row + 0.5);
		}
	}
	return mass ? { left, top, width: right - left + 1, height: bottom - top + 1, x: x / mass, y: y / mass } : null;
}

/** 28 rows of 28 numbers, 0 to 255, of a canvas with ink on transparent ground; null where there is none. */
export function reduced(canvas) {
	const found = measure(canvas);
	if (!found) return null;
	const scale = BOX / Math.max(found.width, found.height);
	let [source, cut] = canvasOf(found.width, found.height);
	cut.drawImage(canvas, -found.left, -found.top);
	// Halving step by step averages all pixels; one large step would skip most of them.
	while (source.width > 2 * found.width * scale || source.height > 2 * found.height * scale) {
		const [half, context] = canvasOf(source.width / 2, source.height / 2);
		context.drawImage(source, 0, 0, half.width, half.height);
		if (half.width === source.width && half.height === source.height) break;
		source = half;
	}
	const [small, context] = canvasOf(SIDE);
	const keep = (offset, length) => Math.min(Math.max(offset, 0), SIDE - length); // none of the ink leaves the picture
	const [width, height] = [found.width * scale, found.height * scale];
	context.imageSmoothingQuality = "high";
	context.drawImage(source, keep(SIDE / 2 - (found.x - found.left) * scale, width), keep(SIDE / 2 - (found.y - found.top) * scale, height), width, height);
	const ink = inkOf(small);
	const most = Math.max(...ink);
	return Array.from({ length: SIDE }, (_, row) =>
		Array.from({ length: SIDE }, (_, column) => Math.round((ink[row * SIDE + column] * 255) / most)));
}

/** An image file as ink on a transparent canvas: grey, dark on light turned round, faint ground taken off. */
export async function inkOfFile(file, side) {
	const bitmap = await createImageBitmap(file).catch(() => { throw new Error("That is no picture that this browser can read."); });
	const scale = side / Math.max(bitmap.width, bitmap.height);
	const [canvas, context] = canvasOf(bitmap.width * scale, bitmap.height * scale);
	context.fillStyle = "#fff"; // what is transparent counts as paper
	context.fillRect(0, 0, canvas.width, canvas.height);
	context.imageSmoothingQuality = "high";
	context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	const picture = context.getImageData(0, 0, canvas.width, canvas.height);
	const grey = Float32Array.from({ length: canvas.width * canvas.height }, (_, place) =>
		0.299 * picture.data[4 * place] + 0.587 * picture.data[4 * place + 1] + 0.114 * picture.data[4 * place + 2]);
	const ground = groundOf(grey, canvas.width);
	const ink = grey.map((value) => (ground > 127 ? ground - value : value - ground));
	const most = ink.reduce((least, value) => Math.max(least, value), 1);
	ink.forEach((value, place) => {
		const share = value / most;
		picture.data.set([0, 0, 0, share < 0.2 ? 0 : Math.round(255 * Math.min(1, share))], 4 * place);
	});
	context.putImageData(picture, 0, 0);
	return canvas;
}

/** The grey of the paper: the median along the upper and the lower edge. */
const groundOf = (grey, width) => [...grey.slice(0, width), ...grey.slice(-width)].sort((a, b) => a - b)[width];
