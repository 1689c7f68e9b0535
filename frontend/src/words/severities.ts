/** What an instrument's bands are called; in English as the service names them. */
export const severities: Record<"en" | "id", Record<string, string>> = {
  en: {},
  id: {
    minimal: "minimal",
    mild: "ringan",
    moderate: "sedang",
    "moderately severe": "agak berat",
    severe: "berat",
  },
};
