// A place to drop a file on, with a button that does the same.

import { button, h, on } from "./dom.js";

const FORMATS = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.parquet,.zip,.gz";

/**
 * @param {object} settings
 * @param {string} settings.words what is to be dropped
 * @param {string} settings.hint which files are taken
 * @param {(file: File) => void} settings.take
 */
export function dropZone({ words, hint, take }) {
	const input = h("input.hidden", {
		type: "file",
		accept: FORMATS,
		tabindex: -1,
		label: "File",
		onchange: () => {
			const [file] = input.files;
			input.value = ""; // the same file again is a change
			if (file) take(file);
		},
	});
	const text = h("p", words);
	const choose = button("Choose a file", () => input.click());
	const node = h("div.drop", text, choose, input, h("p.hint", hint));
	accept(node, take);
	const shrink = (/** @type {string} */ told) => {
		node.classList.add("small-drop");
		text.textContent = told;
		choose.textContent = "Choose another file";
	};
	return { node, shrink, choose };
}

/** Takes what is dropped on an element. @param {HTMLElement} node @param {(file: File) => void} take */
function accept(node, take) {
	const isFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
	on(node, "dragenter dragover", (event) => {
		if (!isFile(event)) return;
		event.preventDefault();
		node.classList.add("over");
	});
	on(node, "dragleave", (event) => {
		if (!node.contains(event.relatedTarget)) node.classList.remove("over");
	});
	on(node, "drop", (event) => {
		event.preventDefault();
		node.classList.remove("over");
		const [file] = event.dataTransfer.files;
		if (file) take(file);
	});
}

/** A bar of how much of a file was sent. */
export function sending() {
	const words = h("span", { role: "status" });
	const share = h("span.push.soft");
	const fill = h("i", { style: { "--share": 0 } });
	const bar = h(
		"div.bar.progress",
		{ role: "progressbar", label: "Upload", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 },
		fill,
	);
	const node = h("div.stack.tight", { hidden: true }, h("div.row.num", words, share), bar);
	const tell = (/** @type {number} */ sent, /** @type {number} */ of) => {
		const part = of ? sent / of : 1;
		node.hidden = false;
		words.textContent = part < 1 ? "Uploading" : "Uploaded; every row is being checked";
		share.textContent = `${Math.floor(100 * part)} %`;
		bar.setAttribute("aria-valuenow", Math.floor(100 * part));
		fill.style.setProperty("--share", part);
	};
	const end = () => {
		node.hidden = true;
	};
	return { node, tell, end };
}
