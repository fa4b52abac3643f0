// A passkey that was not given (cancelled, timed out, unknown here) is said on the page.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.querySelector("[data-passkey-failure]");
  if (place) place.hidden = false;
});
