// Runs before the first paint, so that a dark page does not flash white. "auto" follows the system.
(() => {
	const root = document.documentElement;
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const kept = () => { try { return localStorage.getItem("densely-theme"); } catch { return null; } };
	const apply = () => { root.dataset.theme = kept() ?? (dark.matches ? "dark" : "light"); };
	const label = () => {
		const button = document.getElementById("theme");
		const other = root.dataset.theme === "dark" ? "light" : "dark";
		button.setAttribute("aria-label", `Use the ${other} colours`);
		button.title = button.getAttribute("aria-label");
	};
	apply();
	dark.addEventListener("change", () => { apply(); label(); dispatchEvent(new Event("themechange")); });
	addEventListener("DOMContentLoaded", () => {
		label();
		document.getElementById("theme").addEventListener("click", () => {
			const wanted = root.dataset.theme === "dark" ? "light" : "dark";
			try {
				// What the system wants anyway is not kept, so that the page follows the system again.
				if (wanted === (dark.matches ? "dark" : "light")) localStorage.removeItem("densely-theme");
				else localStorage.setItem("densely-theme", wanted);
			} catch { /* a browser without storage: for this page only */ }
			root.dataset.theme = wanted;
			label();
			dispatchEvent(new Event("themechange"));
		});
	});
})();
