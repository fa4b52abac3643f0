// Shows an error if no passkey was used (canceled, timed out, unknown here).
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.querySelector("[data-passkey-failure]");
  if (place) place.hidden = false;
});
