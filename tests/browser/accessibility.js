// What is wrong with the page as it is now. The value of this script is a list of sentences, each check's in turn.

const NAMED =
	"a[href], button, input, select, textarea, summary, dialog, [tabindex='0'], [role='img'], [role='progressbar']";
const NO_TEXT = ".hidden, .under, .skip, [disabled], noscript, dialog:not([open]), option"; // that one sees

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const shown = (element) => element.checkVisibility({ visibilityProperty: true });
const told = (elements, what) => elements.map((element) => `${what}: ${element.outerHTML.slice(0, 120)}`);

function nameOf(element) {
	const ids = element.getAttribute("aria-labelledby")?.split(/\s+/) ?? [];
	const names = [
		element.getAttribute("aria-label"),
		ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" "),
		[...(element.labels ?? [])].map((label) => label.textContent).join(" "),
		element.getAttribute("alt"),
		/^(A|BUTTON|SUMMARY)$/.test(element.tagName) && element.textContent,
	];
	return (names.find(Boolean) || "").trim();
}

function ofTheWhole() {
	const { lang, scrollWidth } = document.documentElement;
	const problems = [];
	if (!lang) problems.push("the document has no language");
	if (!document.title) problems.push("the document has no title");
	if (scrollWidth > innerWidth) problems.push(`the page is ${scrollWidth} px wide in a window of ${innerWidth}`);
	return problems;
}

function ofLandmarks() {
	const limits = [
		["main", 1, 1],
		["h1", 1, 1],
		["body > header", 1, 1],
		["nav", 1, 9],
	];
	const found = limits.map(([selector, ...range]) => [selector, all(selector).filter(shown).length, ...range]);
	const wrong = found.filter(([, count, least, most]) => count < least || count > most);
	const problems = wrong.map(([selector, count]) => `${count} of ${selector}`);
	const navs = all("nav").map(nameOf);
	const isTold = new Set(navs).size === navs.length && !navs.includes("");
	return isTold ? problems : [...problems, `navigations are not told apart: ${navs}`];
}

function ofHeadings() {
	const headings = all("h1, h2, h3, h4").filter(shown);
	const levels = [0, ...headings.map((heading) => Number(heading.tagName[1]))];
	return told(
		headings.filter((_, place) => levels[place + 1] > levels[place] + 1),
		"a heading skips a level",
	);
}

function ofIds() {
	const ids = all("[id]").map((element) => element.id);
	const twice = new Set(ids.filter((id, place) => ids.indexOf(id) < place));
	return [...twice].map((id) => `the id ${id} occurs twice`);
}

function ofReferences() {
	return ["aria-describedby", "aria-labelledby", "for"].flatMap((attribute) => {
		const isLost = (element) =>
			element
				.getAttribute(attribute)
				.split(/\s+/)
				.some((id) => !document.getElementById(id));
		return told(all(`[${attribute}]`).filter(isLost), `${attribute} leads nowhere`);
	});
}

function ofNames() {
	const nameless = all(NAMED).filter((element) => shown(element) && !nameOf(element));
	const textless = [...document.images].filter((image) => !image.hasAttribute("alt"));
	return [...told(nameless, "a control without a name"), ...told(textless, "a picture without a text")];
}

function ofListsAndTables() {
	const mixed = all("ul, ol").filter((list) => [...list.children].some((child) => child.tagName !== "LI"));
	const heads = all("table th").filter((head) => !head.scope || !head.textContent.trim());
	const bare = all("table").filter((table) => !table.caption);
	return [
		...told(mixed, "a list holds something else"),
		...told(bare, "a table without a caption"),
		...told(heads, "a table head without scope or text"),
	];
}

function numbers(colour) {
	const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
	return [r, g, b, a];
}

const over = (top, under) => [0, 1, 2].map((part) => top[part] * top[3] + under[part] * (1 - top[3])).concat(1);

function groundOf(element) {
	const layers = [];
	for (let one = element; one; one = one.parentElement) layers.push(numbers(getComputedStyle(one).backgroundColor));
	return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
}

/** Relative luminance, as WCAG has it. */
function light(colour) {
	const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
	const [r, g, b] = colour.map((value) => linear(value / 255));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(one, other) {
	const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
	return (bright + 0.05) / (dark + 0.05);
}

function contrastOf(element) {
	const style = getComputedStyle(element);
	const ground = groundOf(element);
	const found = ratio(over(numbers(element.closest("svg") ? style.fill : style.color), ground), ground);
	const size = parseFloat(style.fontSize);
	const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
	return found < needed ? told([element], `contrast ${found.toFixed(2)}, ${needed} is needed`) : [];
}

function ofContrast() {
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set(all("input, select, textarea"));
	while (walker.nextNode()) if (walker.currentNode.textContent.trim()) seen.add(walker.currentNode.parentElement);
	return [...seen].filter((element) => shown(element) && !element.closest(NO_TEXT)).flatMap(contrastOf);
}

function ofBorders() {
	const isBox = (field) =>
		shown(field) && !field.disabled && !/range|checkbox/.test(field.type) && !field.closest(".hidden");
	const isPale = (field) => {
		const ground = groundOf(field.parentElement);
		return ratio(over(numbers(getComputedStyle(field).borderTopColor), ground), ground) < 3;
	};
	const pale = all("input, select, textarea").filter((field) => isBox(field) && isPale(field));
	return told(pale, "a border that is hard to see");
}

[ofTheWhole, ofLandmarks, ofHeadings, ofIds, ofReferences, ofNames, ofListsAndTables, ofContrast, ofBorders].flatMap(
	(check) => check(),
);
