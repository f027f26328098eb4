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
	const kept = () => localStorage.getItem("densely-theme") ?? system();
	apply(kept());
	dark.addEventListener("change", () => apply(kept()));
	addEventListener("DOMContentLoaded", () => {
		apply(kept());
		document.getElementById("theme")?.addEventListener("click", () => {
			const wanted = dataset.theme === "dark" ? "light" : "dark";
			// Without a kept one the page follows the system again.
			if (wanted === system()) localStorage.removeItem("densely-theme");
			else localStorage.setItem("densely-theme", wanted);
			apply(wanted);
		});
	});
})();
