// The names of a file's columns, as far as the page can read them: suggestions where nothing could be guessed.

const READ = 65_536; // bytes of the file's beginning
const DELIMITERS = [",", ";", "\t", "|"];

/** @param {File} file @returns {Promise<string[]>} none of what is no text */
export async function headerOf(file) {
	const text = await file.slice(0, READ).text();
	if (text.includes("\0") || text.includes("\uFFFD")) return [];
	const [line] = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
	return /^\s*[[{]/.test(text) ? keysOf(line) : cellsOf(line);
}

/** @param {string} line of JSON Lines, or of an array with an object in each line */
function keysOf(line) {
	try {
		return Object.keys(JSON.parse(line.replace(/^\s*\[|,\s*$/g, "")));
	} catch {
		return [];
	}
}

/** @param {string} line */
function cellsOf(line) {
	const parted = DELIMITERS.map((one) => line.split(one));
	const [cells] = parted.sort((one, other) => other.length - one.length);
	return cells.map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")).filter(Boolean);
}
