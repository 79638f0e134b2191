// A tab that a person comes back to asks what has changed meanwhile.
window.addEventListener("focus", () => trigger("looked_at", {}));
document.addEventListener("visibilitychange", () => { if (!document.hidden) trigger("looked_at", {}); });
