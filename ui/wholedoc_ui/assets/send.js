(question, chat) => {
  const same = { __type__: "update" };
  const busy = document.querySelector("#wd-question .stop-button") !== null;
  const asked = (question ?? "").trim();
  // While another question is being answered, what was typed stays in the box.
  if (!asked || busy) return [same, "", same];
  const says = (role, text) => ({ role, content: [{ type: "text", text }], metadata: null, options: null });
  const shown = asked.replace(ACTIVE, found => found + "\u2060");
  const box = { __type__: "update", value: "", submit_btn: false, stop_btn: "Stop" };
  return [box, asked, [...(chat ?? []), says("user", shown), says("assistant", "…")]];
}
