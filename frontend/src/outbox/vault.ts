/** Bytes that only this browser profile can open, and only as what they were sealed as. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

/** A person's key as their database keeps it: the browser gives it to WebCrypto, and its bytes to nobody. */
export interface VaultKey {
  id: string;
  key: CryptoKey;
}

export async function newKey(): Promise<VaultKey> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  return { id: crypto.randomUUID(), key };
}

/** AES-GCM, a fresh 96-bit nonce for each. */
export class Vault {
  constructor(readonly held: VaultKey) {}

  /** @param label what it is; it opens under the same label alone, so that rows cannot be exchanged. */
  async seal(bytes: BufferSource, label: string): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, bytes: await crypto.subtle.encrypt(this.way(iv, label), this.held.key, bytes) };
  }

  /** @throws DOMException (OperationError) another key, another label, or other bytes. */
  async open(sealed: Sealed, label: string): Promise<ArrayBuffer> {
    return crypto.subtle.decrypt(this.way(sealed.iv, label), this.held.key, sealed.bytes);
  }

  async sealValue(value: unknown, label: string): Promise<Sealed> {
    return this.seal(new TextEncoder().encode(JSON.stringify(value)), label);
  }

  async openValue(sealed: Sealed, label: string): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(await this.open(sealed, label)));
  }

  private way(iv: Uint8Array<ArrayBuffer>, label: string): AesGcmParams {
    return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(label) };
  }
}
