/** JSON to and from the service: one function, and the three ways in which it ends badly. */

/** No answer came, or one that may be another next time; what was asked may or may not have happened. Ask again. */
export class ConnectionLost extends Error {}

/** The person's session is over; sign in again. */
export class SignedOut extends Error {}

/** The service understood and says no, in `message`; `hint` says what to do. */
export class ServiceError extends Error {
  constructor(status, { error = "", hint = "", prove = "", means = null } = {}) {
    super(error);
    this.status = status;
    this.hint = hint;
    this.prove = prove; // the page that asks for a fresh proof of presence, where that is what is missing
    this.means = means; // what the person can prove it with: {passkey, password, code}
  }
}

const ATTEMPTS = 6; // in all; with the waits below about half a minute
const FIRST_WAIT_MS = 500;

/**
 * Ask the service; gives {status, body}. `accept` lists the statuses that the caller handles besides 200 and 201.
 * Throws ConnectionLost, SignedOut or ServiceError.
 */
export async function ask(method, url, { body, token, accept = [], fetcher = (...args) => fetch(...args) } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers["X-CSRF-Token"] = token;
  let response;
  let answer;
  try {
    response = await fetcher(url, { method, headers, body: JSON.stringify(body), credentials: "same-origin" });
    answer = await response.json();
  } catch (error) {
    throw new ConnectionLost(error.message);
  }
  if (response.ok || accept.includes(response.status)) return { status: response.status, body: answer };
  if (response.status === 401) throw new SignedOut(answer.error);
  if (response.status === 502 || response.status === 504) throw new ConnectionLost(answer.error);
  throw new ServiceError(response.status, answer);
}

/** Do `task` again after a lost connection, waiting twice as long each time; `onLost(wait)` hears of each wait. */
export async function persist(task, { onLost = () => {}, pause = sleep } = {}) {
  for (let attempt = 1, wait = FIRST_WAIT_MS; ; attempt += 1, wait *= 2) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof ConnectionLost) || attempt === ATTEMPTS) throw error;
      onLost(wait);
      await pause(wait);
    }
  }
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
