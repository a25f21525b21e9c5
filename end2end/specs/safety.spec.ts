import { expect, newName, password, signIn, test } from "../support/reader";
import { createServer } from "node:http";

test("every page has a policy under which only its own scripts run", async ({ page, signIn: signInHere }) => {
  await signInHere();
  for (const path of ["/", "/login", "/messages", "/traces", "/status"]) {
    const headers = (await page.goto(path))?.headers() ?? {};
    const policy = headers["content-security-policy"] ?? "";
    expect(policy, path).toContain("default-src 'self'");
    expect(policy, path).toMatch(/script-src [^;]*'nonce-[\w+/=-]{16,}'/);
    expect(policy, path).not.toMatch(/'unsafe-inline'|'unsafe-eval'/);
    expect(policy, path).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
    expect(headers["referrer-policy"], path).toBe("same-origin");
    expect(headers["cache-control"], path).toContain("no-store");
  }
});

test("each page has a nonce of its own", async ({ page }) => {
  const nonce = async () => /'nonce-([^']+)'/.exec((await page.goto("/"))?.headers()["content-security-policy"] ?? "")?.[1];
  const first = await nonce();
  expect(first).toBeTruthy();
  expect(await nonce()).not.toBe(first);
});

test("scripts in messages and names are shown, not run", async ({ page, server }) => {
  const name = `${newName("x")}<img src=x onerror="document.title='owned'">`;
  for (const route of ["/register", "/login"]) {
    const answer = await page.request.post(`${server.url}${route}`, { data: { username: name, password } });
    expect(answer.status()).toBe(200);
  }
  const message = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;
  await page.request.post("/db/message", { data: { message } });
  for (const path of ["/messages", "/search?q=script", "/logs", "/account"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    expect(await page.title(), path).not.toContain("owned");
    await expect(page.locator("img[src=x]"), path).toHaveCount(0);
  }
  await page.goto("/messages");
  await expect(page.getByText(message).first()).toBeVisible();
});

test("the session's cookie is out of reach for scripts and other sites", async ({ page, context, server }) => {
  await signIn(context);
  const session = (await context.cookies(server.url)).find((cookie) => cookie.name === "session");
  expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
  await page.goto("/messages");
  expect(await page.evaluate(() => document.cookie)).not.toContain("session=");
});

test("another site's form can't post in the reader's name", async ({ page, context, server, expectedErrors }) => {
  expectedErrors.push(/status of (401|403|404)/);
  await signIn(context);
  const evil = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<form method="post" action="${server.url}/fn/messages/post"><input name="text" value="forged"><button>go</button></form>`);
  });
  await new Promise<void>((listening) => evil.listen(0, "127.0.0.1", listening));
  const address = evil.address();
  const port = address && typeof address === "object" ? address.port : 0;
  try {
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByRole("button").click();
    await page.waitForURL(/\/fn\/messages\/post|\/messages/);
    const listed = await (await context.request.get("/db/messages?limit=100")).json();
    expect(listed.messages.map((item: { message: string }) => item.message)).not.toContain("forged");
  } finally {
    evil.close();
  }
});

test("a foreign Origin is refused on every door that changes something", async ({ context, server }) => {
  await signIn(context);
  for (const path of ["/db/message", "/api/db/message", "/logout", "/fn/messages/post", "/fn/accounts/log_out", "/cache/search/clear"]) {
    const answer = await context.request.post(`${server.url}${path}`, { headers: { origin: "http://evil.example" }, data: {} });
    expect(answer.status(), path).toBe(403);
  }
  expect((await context.request.get("/db/messages")).status()).toBe(200);
});

test("errors of the API are JSON with a stable code, whatever is sent", async ({ request, server }) => {
  const send = (method: string, path: string, data?: string, type = "application/json") =>
    request.fetch(`${server.url}${path}`, { method, data, headers: data === undefined ? {} : { "content-type": type } });
  for (const [answer, status] of [
    [await send("POST", "/login", "{"), 400],
    [await send("POST", "/login", '{"username":1,"password":[]}'), 400],
    [await send("POST", "/login", "<x/>", "text/xml"), 415],
    [await send("GET", "/api/no/such/path"), 404],
    [await send("DELETE", "/api/login"), 405],
    [await send("GET", "/api/db/messages"), 401],
    [await send("POST", "/db/message", JSON.stringify({ message: "x".repeat(3_000_000) })), 413],
  ] as const) {
    const body = await answer.text();
    expect(answer.status(), `${answer.url()}: ${body}`).toBe(status);
    expect(JSON.parse(body)).toMatchObject({ status: "error", message: expect.any(String), code: expect.any(String) });
  }
});

test("the relay takes only what looks like a browser's own telemetry", async ({ request, server }) => {
  const send = (data: string | Buffer, headers: Record<string, string>) =>
    request.post(`${server.url}/v1/traces`, { data, headers: { origin: server.url, "content-type": "application/json", ...headers } });
  expect((await send("{ not json", {})).status()).toBe(400);
  expect((await send('{"resourceSpans":[]}', { origin: "http://evil.example" })).status()).toBe(403);
  const forged = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "aks-demo-backend" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: "5b8efff798038103d269b633813fc60c",
                spanId: "eee19b7ec3c1b174",
                name: "forged",
                kind: 2,
                startTimeUnixNano: "1544712660000000000",
                endTimeUnixNano: "1544712661000000000",
              },
            ],
          },
        ],
      },
    ],
  };
  await send(JSON.stringify(forged), { "sec-fetch-site": "same-origin" });
  const seen = await request.post(`${server.url}/fn/traces/get`, {
    form: { trace_id: "5b8efff798038103d269b633813fc60c" },
  });
  expect(await seen.text()).not.toContain('"service":"aks-demo-backend"');
});
