import type { CameraSettings } from "../api/contract";
import { plural, type Words } from "../words/languages.svelte";
import type { Browser, Problem } from "./rules";

type Occasion = keyof Pick<
  CameraSettings,
  "capture_on_question_start" | "capture_on_button_click" | "capture_on_message_send"
>;

interface CameraWords {
  title: string;
  why: string;
  what: string;
  optional: string;
  required: string;
  turnOn: string;
  turnOnAgain: string;
  without: string;
  asking: string;
  preview: string;
  previewOf: string;
  lookAt: string;
  choose: string;
  unnamed: (number: number) => string;
  goOn: string;
  backToBrowser: string;
  problems: Record<Problem, { title: string; text: string }>;
  permission: Record<Browser, string[]>;
  lookElsewhere: string[];
  stillRequired: string;
  /** The sign while pictures may be taken. */
  sign: string;
  on: string;
  onText: string;
  paused: string;
  pausedText: string;
  off: string;
  asksAgain: string;
  goOnWithout: string;
  taken: string;
  takenText: string;
  more: string;
  when: string;
  every: (seconds: number) => string;
  occasions: Record<Occasion, string>;
  stopText: string;
}

export const words: Words<CameraWords> = {
  en: {
    title: "Your camera",
    why: "This study takes still pictures with your camera while you take part.",
    what: "Pictures only: no video, no sound. None is taken before you go on, and a sign shows you whenever the camera is used.",
    optional: "You can take part without the camera, too.",
    required: "This study needs a camera.",
    turnOn: "Turn on the camera",
    turnOnAgain: "Try again",
    without: "Go on without the camera",
    asking: "Your browser asks whether this page may use the camera. Please choose “Allow”.",
    preview: "The camera is on. This is what it sees.",
    previewOf: "Live picture of your camera",
    lookAt: "Is your face in the picture, with enough light? Nothing is recorded yet.",
    choose: "Camera",
    unnamed: (number) => `Camera ${number}`,
    goOn: "This looks right, go on",
    backToBrowser: "Then come back to this page and choose “Try again”.",
    problems: {
      denied: {
        title: "The camera is not allowed",
        text: "Your browser or your device does not let this page use the camera. You can allow it:",
      },
      missing: {
        title: "No camera was found",
        text: "This device has no camera that the page can see.",
      },
      busy: {
        title: "The camera is in use",
        text: "Another program or page uses the camera, or it did not start.",
      },
      lost: {
        title: "The camera stopped",
        text: "It was unplugged, switched off, or taken by another program.",
      },
      unsupported: {
        title: "The camera cannot be used here",
        text: "This browser gives no camera to this page: it is old, or the address does not begin with https.",
      },
    },
    permission: {
      ios: [
        "Open Settings, then Apps, then the browser you use, and allow Camera.",
        "In Safari you can also tap the sign beside the address, then Website Settings, then Camera.",
      ],
      android: [
        "Tap the sign on the left of the address, then Permissions, and allow Camera.",
        "If it is not listed there: open your phone’s Settings, Apps, your browser, Permissions, Camera.",
      ],
      firefox: [
        "Click the camera or lock sign on the left of the address, and remove the block of the camera.",
        "Then look in your computer’s privacy settings whether Firefox may use the camera.",
      ],
      safari: [
        "Choose Safari in the menu bar, then Settings for this website, and allow Camera.",
        "Then look in System Settings, Privacy & Security, Camera, whether Safari is allowed.",
      ],
      chromium: [
        "Click the sign on the left of the address, and switch Camera on.",
        "Then look in your computer’s privacy settings whether your browser may use the camera.",
      ],
    },
    lookElsewhere: [
      "Plug the camera in, or open its cover.",
      "Close other programs and pages that use it, such as video calls.",
      "Or open your link on another device, such as a phone.",
    ],
    stillRequired:
      "You cannot go on without a camera here. Your place is kept: you can come back to it later.",
    sign: "Camera",
    on: "Camera on",
    onText: "Still pictures, no sound",
    paused: "Camera paused",
    pausedText: "No pictures are taken now",
    off: "Camera off",
    asksAgain: "Turn on again",
    goOnWithout: "You can go on.",
    taken: "Camera off here",
    takenText: "You opened this on another page, which uses the camera now.",
    more: "What is taken?",
    when: "A still picture is taken:",
    every: (seconds) => plural("en", seconds, { one: "every second", other: "every {count} seconds" }),
    occasions: {
      capture_on_question_start: "when a question appears",
      capture_on_button_click: "when you choose an answer",
      capture_on_message_send: "when you send a message",
    },
    stopText:
      "No video, no sound, and nothing while this page is hidden. You can take back your agreement at any time.",
  },
  id: {
    title: "Kamera Anda",
    why: "Penelitian ini mengambil foto dengan kamera Anda selama Anda ikut serta.",
    what: "Hanya foto: tanpa video, tanpa suara. Belum ada foto yang diambil sebelum Anda melanjutkan, dan ada tanda setiap kali kamera dipakai.",
    optional: "Anda juga dapat ikut serta tanpa kamera.",
    required: "Penelitian ini memerlukan kamera.",
    turnOn: "Nyalakan kamera",
    turnOnAgain: "Coba lagi",
    without: "Lanjutkan tanpa kamera",
    asking: "Peramban Anda bertanya apakah halaman ini boleh memakai kamera. Silakan pilih “Izinkan”.",
    preview: "Kamera menyala. Inilah yang terlihat oleh kamera.",
    previewOf: "Gambar langsung dari kamera Anda",
    lookAt: "Apakah wajah Anda terlihat, dengan cahaya yang cukup? Belum ada yang direkam.",
    choose: "Kamera",
    unnamed: (number) => `Kamera ${number}`,
    goOn: "Sudah pas, lanjutkan",
    backToBrowser: "Setelah itu, kembalilah ke halaman ini dan pilih “Coba lagi”.",
    problems: {
      denied: {
        title: "Kamera belum diizinkan",
        text: "Peramban atau perangkat Anda belum mengizinkan halaman ini memakai kamera. Anda dapat mengizinkannya:",
      },
      missing: {
        title: "Kamera tidak ditemukan",
        text: "Halaman ini tidak menemukan kamera pada perangkat Anda.",
      },
      busy: {
        title: "Kamera sedang dipakai",
        text: "Kamera dipakai oleh program atau halaman lain, atau tidak mau menyala.",
      },
      lost: {
        title: "Kamera berhenti",
        text: "Kamera dicabut, dimatikan, atau diambil alih oleh program lain.",
      },
      unsupported: {
        title: "Kamera tidak dapat dipakai di sini",
        text: "Peramban ini tidak memberikan kamera kepada halaman ini: versinya lama, atau alamatnya tidak diawali https.",
      },
    },
    permission: {
      ios: [
        "Buka Pengaturan, lalu Aplikasi, lalu peramban yang Anda pakai, dan izinkan Kamera.",
        "Di Safari, Anda juga dapat mengetuk tanda di samping alamat, lalu Pengaturan Situs Web, lalu Kamera.",
      ],
      android: [
        "Ketuk tanda di sebelah kiri alamat, lalu Izin, dan izinkan Kamera.",
        "Jika tidak ada di sana: buka Setelan ponsel, Aplikasi, peramban Anda, Izin, Kamera.",
      ],
      firefox: [
        "Klik tanda kamera atau gembok di sebelah kiri alamat, lalu hapus pemblokiran kamera.",
        "Kemudian periksa di pengaturan privasi komputer apakah Firefox boleh memakai kamera.",
      ],
      safari: [
        "Pilih Safari di bilah menu, lalu Pengaturan untuk situs web ini, dan izinkan Kamera.",
        "Kemudian periksa di Pengaturan Sistem, Privasi & Keamanan, Kamera, apakah Safari diizinkan.",
      ],
      chromium: [
        "Klik tanda di sebelah kiri alamat, lalu nyalakan Kamera.",
        "Kemudian periksa di pengaturan privasi komputer apakah peramban Anda boleh memakai kamera.",
      ],
    },
    lookElsewhere: [
      "Pasang kamera, atau buka penutupnya.",
      "Tutup program dan halaman lain yang memakainya, misalnya panggilan video.",
      "Atau buka tautan Anda di perangkat lain, misalnya ponsel.",
    ],
    stillRequired:
      "Di sini Anda tidak dapat melanjutkan tanpa kamera. Tempat Anda tetap tersimpan: Anda dapat kembali nanti.",
    sign: "Kamera",
    on: "Kamera menyala",
    onText: "Hanya foto, tanpa suara",
    paused: "Kamera dijeda",
    pausedText: "Saat ini tidak ada foto yang diambil",
    off: "Kamera mati",
    asksAgain: "Nyalakan lagi",
    goOnWithout: "Anda dapat melanjutkan.",
    taken: "Kamera mati di sini",
    takenText: "Anda membukanya di halaman lain, yang sekarang memakai kamera.",
    more: "Apa yang diambil?",
    when: "Foto diambil:",
    every: (seconds) => plural("id", seconds, { other: "setiap {count} detik" }),
    occasions: {
      capture_on_question_start: "saat pertanyaan muncul",
      capture_on_button_click: "saat Anda memilih jawaban",
      capture_on_message_send: "saat Anda mengirim pesan",
    },
    stopText:
      "Tanpa video, tanpa suara, dan tidak ada foto selama halaman ini tersembunyi. Anda dapat menarik kembali persetujuan Anda kapan saja.",
  },
};
