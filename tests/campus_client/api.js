// The API as the campus's web client calls it: one axios instance that gives up after ten seconds, puts the token on by
// an interceptor, renews it once with the refresh token of the log-in, and keeps that refresh token for ever.
import axios from "axios";

const TIMEOUT = 10_000;

export function connect(baseURL) {
  // What the client keeps in the browser's storage.
  const kept = { access: null, refresh: null };
  const http = axios.create({ baseURL: `${baseURL}/api/campus/`, timeout: TIMEOUT });

  http.interceptors.request.use((config) => {
    if (kept.access) config.headers.Authorization = `Bearer ${kept.access}`;
    return config;
  });
  http.interceptors.response.use(
    (response) => response,
    async (error) => {
      const request = error.config;
      if (error.response?.status !== 401 || !kept.refresh || request.again) return Promise.reject(error);
      await refresh();
      return http({ ...request, again: true });
    },
  );

  const data = (response) => response.data;
  const enter = ({ access, refresh: token, user }) => {
    Object.assign(kept, { access, refresh: token });
    return user;
  };
  async function refresh() {
    const answer = await axios.post(`${baseURL}/api/campus/auth/refresh/`, { refresh: kept.refresh }, { timeout: TIMEOUT });
    kept.access = answer.data.access;
    return answer.data;
  }
  // Each field of the form is sent; an empty one is the text `null`.
  const form = (fields) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value instanceof Blob ? value : String(value));
    return body;
  };

  return {
    kept,
    refresh,
    register: (person) => http.post("auth/register/", person).then(data).then(({ user, tokens }) => enter({ ...tokens, user })),
    login: (username, password) => http.post("auth/login/", { username, password }).then(data).then(enter),
    profile: () => http.get("auth/profile/").then(data),
    campuses: () => http.get("campuses/").then(data),
    users: (params) => http.get("users/", { params }).then(data),
    events: (params) => http.get("events/", { params }).then(data),
    createEvent: (event) => http.post("events/", event).then(data),
    setRoster: (id, roster) => http.put(`events/${id}/roster/`, roster).then(data),
    qr: (id) => http.get(`events/${id}/qr/`).then(data),
    refreshQr: (id) => http.post(`events/${id}/qr/refresh/`).then(data),
    verifyQr: (scan) => http.post("attendance/verify-qr/", scan).then(data),
    verifyLocation: (place) => http.post("attendance/verify-location/", place).then(data),
    uploadPhoto: (side, submission_id, photo) =>
      http.post(`attendance/upload-${side}-photo/`, form({ submission_id, photo })).then(data),
    captureSignature: (submission_id, signature) =>
      http.post("attendance/capture-signature/", { submission_id, signature }).then(data),
    autofill: () => http.get("attendance/student-autofill/").then(data),
    submit: (fields) => http.post("attendance/submit/", form(fields)),
    feedback: (attendance_id) => http.get("attendance/verification-feedback/", { params: { attendance_id } }).then(data),
    records: (params) => http.get("attendance/", { params }).then(data),
    history: (id) => http.get(`attendance/${id}/history/`).then(data),
    appeal: (id, statement) => http.post(`attendance/${id}/appeal/`, { statement }).then(data),
    decide: (id, decision) => http.post(`attendance/${id}/verify/`, decision).then(data),
    mark: (id, mark) => http.post(`events/${id}/attendance/`, mark).then(data),
    eventRecords: (id, params) => http.get(`events/${id}/attendance/`, { params }).then(data),
    eventAnalytics: (id) => http.get(`events/${id}/analytics/`).then(data),
    analytics: (name, params) => http.get(`analytics/${name}/`, { params }).then(data),
    refreshDashboard: () => http.post("analytics/dashboard/refresh/").then(data),
    realtime: (id) => http.get(`analytics/realtime/${id}/`).then(data),
    report: (params) => http.get("reports/attendance/", { params }),
    file: (path, params) => http.get(`reports/${path}/`, { params, responseType: "arraybuffer" }),
    individual: (id) => http.get(`reports/individual/${id}/`).then(data),
    verifyReport: (id, sha256) => axios.get(`${baseURL}/api/campus/reports/verify/${id}/`, { params: { sha256 } }).then(data),
    withPhotos: (event) => http.get("reports/export-with-photos/", { params: { event } }),
    job: (id) => axios.get(`${baseURL}/api/jobs/${id}/`, { headers: { Authorization: `Bearer ${kept.access}` } }).then(data),
    download: (url) => axios.get(url, { responseType: "arraybuffer" }).then((response) => Buffer.from(response.data)),
  };
}

// What the client shows of a refusal.
export const messageOf = ({ response, message }) => response?.data?.error || response?.data?.message || message;
