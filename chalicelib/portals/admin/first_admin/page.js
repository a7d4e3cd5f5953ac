"use strict";
// The token is in the fragment, which browsers send to no server and in no Referer header.
const fragment = location.hash.slice(1);
const sets = fragment.startsWith("set.");
const token = sets ? fragment.slice(4) : fragment;
history.replaceState(null, "", location.pathname);
const form = document.getElementById("form");
const outcome = document.getElementById("outcome");
const field = (id) => document.getElementById(id);
if (sets) {
  document.title = "Gatehouse: set your password";
  field("heading").textContent = "Set your password";
  field("send").textContent = "Set the password";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (field("password").value !== field("again").value) {
    outcome.textContent = "The two passwords differ.";
    return;
  }
  const answer = await fetch(location.pathname, {
    method: sets ? "PUT" : "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, password: field("password").value }),
  });
  const body = answer.status === 204 ? {} : await answer.json();
  if (answer.ok) {
    form.remove();
    outcome.textContent = sets ? "Done. Log in with the new password." : `Done. Log in as ${body.email}.`;
    return;
  }
  const details = (body.error.details || []).map((detail) => `${detail.field} ${detail.message}`);
  outcome.textContent = [body.error.message, ...details].join(" ");
});
