"use strict";
// The token is in the fragment, which browsers send to no server and in no Referer header.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const form = document.getElementById("form");
const outcome = document.getElementById("outcome");
const field = (id) => document.getElementById(id);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (field("password").value !== field("again").value) {
    outcome.textContent = "The two passwords differ.";
    return;
  }
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, password: field("password").value }),
  });
  const body = await answer.json();
  if (answer.ok) {
    form.remove();
    outcome.textContent = `Done. Log in as ${body.email}.`;
    return;
  }
  const details = (body.error.details || []).map((detail) => `${detail.field} ${detail.message}`);
  outcome.textContent = [body.error.message, ...details].join(" ");
});
