(text, name) => {
  if (!text) return;
  const types = { csv: "text/csv", json: "application/json", md: "text/markdown" };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: types[name.split(".").pop()] }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
