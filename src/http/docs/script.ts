/** What the documentation page runs in the browser: signing in, and Swagger UI with the token in every request. */

/**
 * The token lives in the tab's session storage only. Signing in loads the page again, so that the document is read anew
 * with the token and shows the models of this user.
 */
export const docsScript = `"use strict";
(() => {
  const KEY = "fullfinity-docs";
  const byId = (id) => document.getElementById(id);
  const saved = JSON.parse(sessionStorage.getItem(KEY) || "null");
  const expires = saved === null ? 0 : Date.parse(saved.expires_at.replace(" UTC", "Z").replace(" ", "T"));
  const session = Date.now() < expires ? saved : null;

  const signedIn = session !== null;
  for (const id of ["email", "password", "submit"]) byId(id).hidden = signedIn;
  byId("sign-out").hidden = !signedIn;
  byId("state").textContent = signedIn
    ? "Signed in as " + session.email + " until " + session.expires_at
    : "Sign in to see your models and to try requests out.";

  byId("sign-out").addEventListener("click", () => {
    sessionStorage.removeItem(KEY);
    location.reload();
  });
  byId("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const email = byId("email").value;
    try {
      const response = await fetch("/auth/authenticate", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email, password: byId("password").value }),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
      const { access_token, expires_at } = answer;
      sessionStorage.setItem(KEY, JSON.stringify({ email, access_token, expires_at }));
      location.reload();
    } catch (error) {
      byId("state").textContent = error.message;
    }
  });

  const ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    validatorUrl: null,
    tryItOutEnabled: true,
    requestInterceptor: (request) => {
      const own = new URL(request.url, location.href).origin === location.origin;
      if (own && signedIn && !request.headers.Authorization) {
        request.headers.Authorization = "Bearer " + session.access_token;
      }
      return request;
    },
    onComplete: () => {
      if (signedIn) ui.preauthorizeApiKey("bearer", session.access_token);
    },
  });
})();
`;
