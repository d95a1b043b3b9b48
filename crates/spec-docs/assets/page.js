"use strict";
(() => {
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // What the reader chose outlives the page, where the browser lets files keep anything.
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* nothing is kept then */ } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const themed = [];
  const told = () => {
    at("theme").textContent = isDark() ? "Light" : "Dark";
    at("theme").setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
    themed.forEach((redraw) => redraw());
  };
  if (kept() === "dark" || kept() === "light") root.dataset.theme = kept();
  at("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    told();
  });
  dark.addEventListener("change", told);

  // Search: an entry is shown when it holds all words.
  const entries = [...document.querySelectorAll("[data-entry]")].map((entry) => ({
    entry,
    text: entry.textContent.toLowerCase(),
    line: document.querySelector(`[data-for="${CSS.escape(entry.id)}"]`),
  }));
  const search = () => {
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let hits = 0;
    for (const { entry, text, line } of entries) {
      const hit = words.every((word) => text.includes(word));
      entry.hidden = !hit;
      if (line) line.hidden = !hit;
      hits += hit ? 1 : 0;
    }
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = words.length > 0 && !group.querySelector("[data-entry]:not([hidden])");
    }
    for (const aside of document.querySelectorAll("[data-aside]")) aside.hidden = words.length > 0;
    at("hits").textContent = words.length === 0 ? "" : `${hits} of ${entries.length} entries hold ${words.join(" and ")}`;
  };
  const clear = () => { at("search").value = ""; search(); };
  at("search").addEventListener("input", () => { show(false); search(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      at("search").focus();
    }
    if (event.key === "Escape" && event.target === at("search")) clear();
  });
  // A link to an entry that the search hides shows it.
  addEventListener("hashchange", () => {
    const target = at(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { clear(); target.scrollIntoView(); }
  });

  // The reference is drawn when it is first wanted, and anew for other colours.
  const ink = { light: ["#1c2126", "#57606a", "#ffffff", "#f5f6f8", "#d5d9de", "#0b57d0"], dark: ["#e3e6e9", "#a4adb6", "#14171a", "#1d2126", "#363c44", "#8ab4f8"] };
  const options = () => {
    const [text, faint, ground, raised, line, link] = ink[isDark() ? "dark" : "light"];
    return {
      disableSearch: true,
      hideDownloadButtons: true,
      hideHostname: false,
      nativeScrollbars: true,
      scrollYOffset: ".bar",
      expandResponses: "200,202",
      theme: {
        colors: {
          primary: { main: link },
          text: { primary: text, secondary: faint },
          border: { light: line, dark: line },
          http: isDark() ? { get: "#7ee2a0", post: "#f5c26b", delete: "#ff9b93" } : { get: "#116329", post: "#7a4100", delete: "#a40e26" },
          responses: isDark() ? { success: { color: "#7ee2a0", backgroundColor: "#12331f", tabTextColor: "#7ee2a0" }, error: { color: "#ff9b93", backgroundColor: "#3d1518", tabTextColor: "#ff9b93" } } : {},
        },
        schema: { nestedBackground: raised, typeNameColor: faint, typeTitleColor: faint, linesColor: line, requireLabelColor: isDark() ? "#ff9b93" : "#a40e26" },
        typography: { fontFamily: "system-ui, sans-serif", fontSize: "16px", lineHeight: "1.5", headings: { fontFamily: "system-ui, sans-serif" }, links: { color: link, visited: link, hover: link }, code: { backgroundColor: raised, color: text, fontFamily: "ui-monospace, monospace", wrap: true } },
        sidebar: { backgroundColor: raised, textColor: text, activeTextColor: link },
        rightPanel: { backgroundColor: isDark() ? "#0b0d0f" : "#22272e" },
      },
    };
  };
  let drawn = false;
  const draw = () => {
    if (!window.Redoc) {
      const script = document.createElement("script");
      script.textContent = at("redoc").textContent;
      document.head.append(script);
    }
    const place = document.createElement("div");
    if (drawn) Redoc.destroy(at("reference").firstElementChild);
    at("reference").replaceChildren(place);
    drawn = true;
    Redoc.init(JSON.parse(at("document").textContent), options(), place, (error) => {
      if (error) place.textContent = `The reference cannot be drawn: ${error}`;
    });
  };
  const undraw = () => {
    if (!drawn) return;
    Redoc.destroy(at("reference").firstElementChild);
    at("reference").replaceChildren();
    drawn = false;
  };
  function show(reference) {
    if (!at("reference") || at("review").hidden === reference) return;
    at("review").hidden = reference;
    at("reference").hidden = !reference;
    at("show-review").setAttribute("aria-pressed", String(!reference));
    at("show-reference").setAttribute("aria-pressed", String(reference));
    if (reference) draw(); else undraw();
  }
  if (at("reference")) {
    at("show-review").addEventListener("click", () => show(false));
    at("show-reference").addEventListener("click", () => show(true));
    for (const link of document.querySelectorAll("[data-reference]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", `#${link.dataset.reference}`);
        show(true);
      });
    }
    if (/^#(tag|operation|section|schema)\//.test(location.hash)) show(true);
    themed.push(() => { if (drawn) draw(); });
    // On a narrow window the contents would hide what they lead to.
    if (innerWidth < 1100) at("contents").open = false;
    addEventListener("beforeprint", () => document.querySelectorAll("#review details").forEach((part) => { part.open = true; }));
  }
  told();
})();
