import { type Problem, problemOf, type Size } from "./rules";

export interface CameraDevice {
  deviceId: string;
  label: string;
}

/** The chosen camera of this device. The browser's id is made for this site alone and tells nothing of a person. */
const REMEMBERED = "camera";

export type Opened = { stream: MediaStream; problem: null } | { stream: null; problem: Problem };

/** Ask for the camera, pictures alone, never sound: the remembered one, else the one that faces the person. */
export async function openCamera(size: Size | null): Promise<Opened> {
  // Browsers give no camera to pages that came over plain http, but from the device itself.
  if (!window.isSecureContext || navigator.mediaDevices?.getUserMedia === undefined) {
    return { stream: null, problem: "unsupported" };
  }
  const remembered = rememberedDevice();
  const wish = {
    width: { ideal: size?.width ?? 1280 },
    height: { ideal: size?.height ?? 720 },
    // What the camera sees as it is: browsers would else cut it to the shape that is asked for.
    resizeMode: { ideal: "none" },
    ...(remembered === null ? { facingMode: "user" } : { deviceId: { ideal: remembered } }),
  };
  try {
    return {
      stream: await navigator.mediaDevices.getUserMedia({ video: wish, audio: false }),
      problem: null,
    };
  } catch (error) {
    return { stream: null, problem: problemOf(error instanceof Error ? error.name : "") };
  }
}

/** The cameras of this device; names are known once one was allowed. */
export async function listCameras(): Promise<CameraDevice[]> {
  try {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all
      .filter((one) => one.kind === "videoinput" && one.deviceId !== "")
      .map(({ deviceId, label }) => ({ deviceId, label }));
  } catch {
    return [];
  }
}

/** Be told when cameras come or go; gives the way to stop. */
export function whenDevicesChange(tell: () => void): () => void {
  // Absent where the page is not secure.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  devices?.addEventListener("devicechange", tell);
  return () => devices?.removeEventListener("devicechange", tell);
}

/** Be told what the person decides in the browser's own settings; not every browser tells. */
export async function whenPermissionChanges(tell: (state: PermissionState) => void): Promise<() => void> {
  try {
    const status = await navigator.permissions.query({ name: "camera" as PermissionName });
    const changed = () => tell(status.state);
    status.addEventListener("change", changed);
    return () => status.removeEventListener("change", changed);
  } catch {
    return () => undefined;
  }
}

export function rememberDevice(deviceId: string): void {
  try {
    localStorage.setItem(REMEMBERED, deviceId);
  } catch {
    // Without storage the choice lasts for this visit.
  }
}

function rememberedDevice(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}
