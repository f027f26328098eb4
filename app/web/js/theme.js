// Runs before the first paint, so that a dark page does not flash white.
(() => {
	const { dataset } = document.documentElement;
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const system = () => (dark.matches ? "dark" : "light");
	const apply = (/** @type {string} */ theme) => {
		dataset.theme = theme;
		const button = document.getElementById("theme");
		if (!button) return;
		button.title = `Use the ${theme === "dark" ? "light" : "dark"} colours`;
		button.setAttribute("aria-label", button.title);
		dispatchEvent(new Event("themechange"));
	};
	const KEPT = "densely-theme";
	let isKept = true; // else the browser keeps nothing: the choice lasts until the page is loaded anew
	/** @type {string | null} */
	let chosen = null;
	const kept = () => {
		try {
			if (isKept) chosen = localStorage.getItem(KEPT);
		} catch {
			isKept = false;
		}
		return chosen ?? system();
	};
	const keep = (/** @type {string | null} */ theme) => {
		chosen = theme;
		try {
			if (theme === null) localStorage.removeItem(KEPT);
			else localStorage.setItem(KEPT, theme);
		} catch {
			isKept = false;
		}
	};
	apply(kept());
	dark.addEventListener("change", () => apply(kept()));
	addEventListener("DOMContentLoaded", () => {
		apply(kept());
		document.getElementById("theme")?.addEventListener("click", () => {
			const wanted = dataset.theme === "dark" ? "light" : "dark";
			// Without a kept one the page follows the system again.
			keep(wanted === system() ? null : wanted);
			apply(wanted);
		});
	});
})();
