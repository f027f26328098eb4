// A pad's drawing and pictures from files, as canvases and as what the API takes.

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ shown: HTMLCanvasElement | ImageBitmap, image: string }} Picture what is shown of it, and how it is sent */

const LARGEST = 2048; // pixels of a side, of a picture of a kind that only the browser reads

/**
 * A canvas, and what draws on it.
 *
 * @param {number} width
 * @param {number} [height]
 * @returns {[HTMLCanvasElement, CanvasRenderingContext2D]}
 */
export function canvasOf(width, height = width) {
	const canvas = document.createElement("canvas");
	canvas.width = Math.max(1, Math.round(width));
	canvas.height = Math.max(1, Math.round(height));
	return [canvas, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))];
}

/** A custom property of the style sheet, in the present theme. @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The longer side of strokes. @param {Point[][]} strokes */
export function extentOf(strokes) {
	const points = strokes.flat();
	const along = (/** @type {"x" | "y"} */ axis) => {
		let [low, high] = [Infinity, -Infinity];
		for (const point of points) {
			low = Math.min(low, point[axis]);
			high = Math.max(high, point[axis]);
		}
		return high - low;
	};
	return points.length ? Math.max(along("x"), along("y")) : 0;
}

/** The width of the pen: it is thin while the drawing is small, or it would close its holes. @param {Point[][]} strokes @param {number} least @param {number} most */
export const penOf = (strokes, least, most) => Math.min(most, Math.max(least, 3 + 0.09 * extentOf(strokes)));

/** Draws strokes in black on a canvas that is cleared before. @param {CanvasRenderingContext2D} context @param {Point[][]} strokes @param {number} width */
export function drawStrokes(context, strokes, width) {
	const { canvas } = context;
	context.clearRect(0, 0, canvas.width, canvas.height);
	Object.assign(context, {
		lineCap: "round",
		lineJoin: "round",
		lineWidth: width,
	});
	for (const [first, ...others] of strokes) {
		context.beginPath();
		context.moveTo(first.x, first.y);
		for (const point of others.length ? others : [first]) context.lineTo(point.x, point.y);
		context.stroke();
	}
}

/** A picture from a file. PNG and JPEG go as they are, at whatever size. @param {File} file @returns {Promise<Picture>} */
export async function pictureOf(file) {
	const shown = await createImageBitmap(file).catch(() => {
		throw new Error("That is no picture that this browser can read.");
	});
	if (["image/png", "image/jpeg"].includes(file.type)) return { shown, image: await dataUrl(file) };
	const scale = Math.min(1, LARGEST / Math.max(shown.width, shown.height));
	const [canvas, context] = canvasOf(shown.width * scale, shown.height * scale);
	context.drawImage(shown, 0, 0, canvas.width, canvas.height);
	return { shown, image: canvas.toDataURL() };
}

/** @param {File} file @returns {Promise<string>} */
const dataUrl = (file) =>
	new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.onload = () => resolve(/** @type {string} */ (reader.result));
		reader.onerror = () => reject(new Error("That file cannot be read."));
		reader.readAsDataURL(file);
	});
