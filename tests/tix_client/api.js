// The API as Tix's web client calls it: one axios instance, the token put on by an interceptor, errors left to axios.
import axios from "axios";

export function connect(baseURL) {
  const session = { token: null, endedBy: null };
  const http = axios.create({ baseURL: `${baseURL}/api/tix`, headers: { "Content-Type": "application/json" } });

  http.interceptors.request.use((config) => {
    if (session.token) config.headers.Authorization = `Bearer ${session.token}`;
    return config;
  });
  http.interceptors.response.use(
    (response) => response,
    (error) => {
      if (error.response?.status === 401) {
        session.token = null;
        session.endedBy = error.response.data.error;
      }
      return Promise.reject(error);
    },
  );

  const data = (response) => response.data;
  const enter = ({ token, user }) => {
    session.token = token;
    return user;
  };
  return {
    session,
    register: (form) => http.post("/auth/register", form).then(data).then(enter),
    login: (email, password) => http.post("/auth/login", { email, password }).then(data).then(enter),
    logout: () => http.post("/auth/logout"),
    verifyEmail: (proof) => http.post("/auth/verify-email", proof).then(data),
    changePassword: (passwords) => http.post("/auth/change-password", passwords).then(data),
    members: () => http.get("/members").then(data),
    removeMember: (id) => http.delete(`/members/${id}`).then(data),
    me: () => http.get("/auth/me").then(data),
    generate: (count, prefix, extra) => http.post("/tickets/generate", { count, prefix, extra }).then(data),
    // As above, with the job that writes them behind the answer.
    generateMany: (count, prefix) =>
      http.post("/tickets/generate", { count, prefix })
        .then(({ data: tickets, headers }) => ({ tickets, job_id: headers["x-job-id"] })),
    tickets: (params) => http.get("/tickets", { params }).then(data),
    ticket: (name) => http.get(`/tickets/${name}`).then(data),
    scan: (id) => http.put(`/tickets/${id}/scan`).then(data),
    remove: (id) => http.delete(`/tickets/${id}`).then(data),
    clear: (confirm) => http.delete("/tickets", { params: { confirm } }).then(data),
    print: (numbers) => http.post("/tickets/print", numbers).then(data),
    printRun: (jobId) => http.get(`/tickets/print/${jobId}`).then(data),
    takeBack: (numbers) => http.post("/tickets/void", numbers).then(data),
    stats: () => http.get("/reports/stats").then(data),
    report: (period) => http.get(`/reports/${period}`).then(data),
    settings: () => http.get("/settings").then(data),
    saveSettings: (changes) => http.put("/settings", changes).then(data),
    // Wherever it lies: a link carries its own permission.
    download: (url) => axios.get(url, { responseType: "arraybuffer" }).then((response) => Buffer.from(response.data)),
  };
}

// What the client's scanner page says of a scan.
export async function scanMessage(api, id) {
  try {
    const { success, ticket } = await api.scan(id);
    return success ? `Welcome, ${ticket.number}` : "Try again";
  } catch (error) {
    if (error.response?.data.duplicate) return `Already scanned: ${error.response.data.ticket.number}`;
    return error.response?.data.error ?? error.message;
  }
}
