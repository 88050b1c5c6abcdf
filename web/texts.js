// Every text of the page itself, by language. To add a language, copy one block and translate its right-hand sides.
// layer/hippo/journey/platform_pages.py also contains the English refusal texts, for other front ends.

const TEXTS = {
  en: {
    study: "Study",
    step: "Step {step} of {steps}",
    completed: "Completed",
    loading: "Loading the study…",
    submit: "Submit",
    tryAgain: "Try again",
    checkAgain: "Check again",
    continueStudy: "Continue",
    saving: "Saving your answers…",
    saved: "Your answers are saved.",
    notSavedYet: "Not saved yet. Your answers are kept on this device. Trying again…",
    offline: "You are offline. Nothing is lost: this page will continue automatically once you are back online.",
    noResponse: "The study is not responding. Trying again…",
    answersRefused:
      "Your answers could not be saved. Please reload this page. If this happens again, tell the people who invited you. (HTTP {status})",
    requestRefused:
      "The study did not accept this link. Please open it again exactly as you received it. If this happens again, tell the people who invited you. (HTTP {status})",
    noFiles: "Files cannot be uploaded here.",
    missingAnswer: "An answer is missing: {name}",
    enlarge: "Enlarge",
    close: "Close",
    wideTable: "Wide table; scroll sideways to see all of it",
    tooLarge: "Your answers are too long to be saved. Please shorten them.",
    recordFull:
      "Your answers are saved except for those on this page. Together, they are too long. Please shorten the answers on this page.",

    waitTitle: "Getting your game ready",
    waitUsual: "This usually takes about {time}. Please keep this page open. The game starts here automatically.",
    queued: "You are in the queue for your own game server.",
    starting: "Your game server is starting.",
    almostThere: "Almost there: your game server is getting its address.",
    waited: "You have been waiting for {time}.",
    waitLong:
      "This is taking longer than usual. Your answers are saved. You can keep waiting, or come back later with the same link.",
    waitDelayed:
      "The start of your game is delayed by a problem. It is tried again automatically, and your answers are saved. You can keep waiting, or come back later with the same link. If this lasts, please tell the people who invited you.",
    waitClosed:
      "Your game was closed because you were away for a while. It opens again here automatically, from its beginning.",
    seconds: "{count} seconds",
    minute: "a minute",
    minutes: "{count} minutes",

    failedTitle: "The game could not be started",
    failedText: "Your answers so far are saved.",
    failedRetry: "You can try again.",
    failedFinal: "Please tell the people who invited you.",
    contact: "Contact: {contact}",
    endedTitle: "The game has ended",
    endedText: "The game is no longer available. You can continue with the study.",

    gameTitle: "The game",
    gamePicture: "Game screen",
    gamePictureOf: "Game screen: {id}",
    gamePictureLeftOut: "(picture, {bytes} bytes)",
    gameConnecting: "Connecting to the game…",
    gameLost: "The connection to the game was lost. Trying again…",
    gameGone: "The game can no longer be reached.",
    gameLeave: "Continue without the game",
    gameLeaveSure: "Your game will end and the study will continue. Do you want to continue without the game?",
    gameNotEnded: "The game has not confirmed that it has ended. You can continue without it.",
    gameStill: "The picture has not changed for a while. If the game does not react, you can continue without it.",
    gameOver: "The game is over.",
    gameReady: "Ready. Press Start to begin.",
    gamePaused: "Paused.",
    gameSteering: "Steering",
    gameCommands: "Game",
    gameSliders: "Settings",
    gameFrameRate: "Frames per second",
    gameFrameRateSet: "Set",
    gameBudget: "budget",
    gameBudgetUsed: "{used} of {total} used",
    gameKeys: "On a keyboard: {keys}.",
    gameKeysSteer: "hold {arrows} to steer",
    gameKeysFire: "space to fire",
    gameKeysStart: "space to start or pause",
    gameKeysAll: "all keys are sent to the game",
    gameKeySpace: "space",
    gameConfirm: "Are you sure?",
    gameCancel: "Cancel",
    gameEndSure: "Do you want to end the game? You cannot come back to it.",
    gameKeepPlaying: "Keep playing",
    gameMessages: "Game server messages",
    gameMessagesIn: "Received",
    gameMessagesOut: "Sent",
    gameButton: "Button",
    gameButton_left: "Left",
    gameButton_right: "Right",
    gameButton_up: "Up",
    gameButton_down: "Down",
    gameButton_leftUp: "Up and left",
    gameButton_rightUp: "Up and right",
    gameButton_leftDown: "Down and left",
    gameButton_rightDown: "Down and right",
    gameButton_fire: "Fire",
    gameButton_start: "Start",
    gameButton_pause: "Pause",
    gameButton_stop: "End the game",
    gameButton_end: "End the game",
    gameButton_reset: "Next attempt",
    gameButton_fpsUp: "Faster",
    gameButton_fpsDown: "Slower",

    refusedTitle: "You cannot take part in this study",
    refused_full:
      "This study has all the participants it needs. Thank you for your interest. You do not need to do anything else.",
    refused_lapsed:
      "Your place in this study has gone to another person, because the first page was not answered in time. Your answers are saved. You can try again later, in case a place becomes free.",
    refused_network:
      "Too many people have begun this study from your network in the last hour. You can try again in an hour, or from another network.",
    refused_closed: "This study is closed. Thank you for your interest. You do not need to do anything else.",
    refused_mobile:
      "This study does not work on a phone or tablet. Please open the same link on a desktop or laptop computer.",
    refused_narrow:
      "This window is too narrow for the study. Please make it wider, or use a larger screen, then reload this page.",
    refused_taskNotAccepted:
      "You are looking at a preview of this task. Please accept the task first, then open the study from there.",
    refused_recruiterIdMissing:
      "Your participant ID is missing from this link. Please open the study again from the page or message that invited you.",
    refused_linkInvalid:
      "This link does not work. It may be incomplete or changed, or meant for another person. Please open it again exactly as you received it.",
    reservedIdText: "The participant ID in this link cannot be used. Please ask the people who invited you for another link.",
    closedTitle: "This study is not open",
    closedText: "The study was not found, or it is closed at the moment. Please check the link.",
    foreignTitle: "This link leads elsewhere",
    foreignServer:
      "The link names a game server that does not belong to this study: {host}. This page does not connect to it. Please use the link that you received from the people who invited you.",
    foreignRedirect: "The link continues at {host}, which does not belong to this study. This page does not open it.",
    foreignDebug:
      "This link is for testing. It names addresses that do not belong to this study: {hosts}. Continue only if they are yours.",
    noStudyTitle: "This link does not lead to a study",
    noStudyText: "The link is incomplete. Please use the whole link that you received.",
    wrongTitle: "Something went wrong",
    brokenText:
      "This page of the study cannot be shown. Your answers so far are saved. Please tell the people who invited you.",
    missingTitle: "A page is missing",
    missingText:
      "This page of the study could not be found. Your answers so far are saved. Please tell the people who invited you.",

    completionTitle: "Your completion code",
    completionButton: "Complete the study",
    copy: "Copy",
    copied: "Code copied.",
    copyByHand: "The code is selected. Please copy it with your keyboard or menu.",
  },

  fr: {
    study: "Étude",
    step: "Étape {step} sur {steps}",
    completed: "Terminé",
    loading: "Chargement de l’étude…",
    submit: "Envoyer",
    tryAgain: "Réessayer",
    checkAgain: "Vérifier à nouveau",
    continueStudy: "Continuer",
    saving: "Enregistrement de vos réponses…",
    saved: "Vos réponses sont enregistrées.",
    notSavedYet: "Vos réponses ne sont pas encore enregistrées. Elles sont conservées sur cet appareil. Nouvelle tentative…",
    offline:
      "Vous êtes hors ligne. Rien n’est perdu : cette page continuera automatiquement dès que vous serez de nouveau en ligne.",
    noResponse: "L’étude ne répond pas. Nouvelle tentative…",
    answersRefused:
      "Vos réponses n’ont pas pu être enregistrées. Veuillez recharger la page. Si le problème persiste, signalez-le aux personnes qui vous ont proposé cette étude. (HTTP {status})",
    requestRefused:
      "L’étude n’a pas accepté ce lien. Veuillez utiliser exactement le lien reçu. Si le problème persiste, signalez-le aux personnes qui vous ont proposé cette étude. (HTTP {status})",
    noFiles: "Il n’est pas possible d’envoyer des fichiers ici.",
    missingAnswer: "Il manque une réponse : {name}",
    enlarge: "Agrandir",
    close: "Fermer",
    wideTable: "Tableau large ; faites défiler horizontalement pour tout voir",
    tooLarge: "Vos réponses sont trop longues pour être enregistrées. Veuillez les raccourcir.",
    recordFull:
      "Vos réponses sont enregistrées, sauf celles de cette page. L’ensemble est trop long. Veuillez raccourcir les réponses de cette page.",

    waitTitle: "Préparation de votre jeu",
    waitUsual:
      "Cela prend généralement environ {time}. Veuillez garder cette page ouverte. Le jeu y démarrera automatiquement.",
    queued: "Vous êtes dans la file d’attente pour votre propre serveur de jeu.",
    starting: "Votre serveur de jeu est en cours de démarrage.",
    almostThere: "Presque prêt : une adresse est attribuée à votre serveur de jeu.",
    waited: "Vous attendez depuis {time}.",
    waitLong:
      "L’attente est plus longue que d’habitude. Vos réponses sont enregistrées. Vous pouvez patienter ou revenir plus tard avec le même lien.",
    waitDelayed:
      "Un problème retarde le démarrage de votre jeu. De nouvelles tentatives ont lieu automatiquement, et vos réponses sont enregistrées. Vous pouvez patienter ou revenir plus tard avec le même lien. Si cela dure, veuillez le signaler aux personnes qui vous ont proposé cette étude.",
    waitClosed:
      "Votre jeu a été fermé pendant votre absence. Il va se rouvrir ici automatiquement, depuis le début.",
    seconds: "{count} secondes",
    minute: "une minute",
    minutes: "{count} minutes",

    failedTitle: "Le jeu n’a pas pu démarrer",
    failedText: "Les réponses données jusqu’ici sont enregistrées.",
    failedRetry: "Vous pouvez réessayer.",
    failedFinal: "Veuillez le signaler aux personnes qui vous ont proposé cette étude.",
    contact: "Contact : {contact}",
    endedTitle: "Le jeu est terminé",
    endedText: "Le jeu n’est plus disponible. Vous pouvez poursuivre l’étude.",

    gameTitle: "Le jeu",
    gamePicture: "Écran du jeu",
    gamePictureOf: "Écran du jeu : {id}",
    gamePictureLeftOut: "(image, {bytes} octets)",
    gameConnecting: "Connexion au jeu…",
    gameLost: "La connexion au jeu a été perdue. Nouvelle tentative…",
    gameGone: "Le jeu n’est plus accessible.",
    gameLeave: "Continuer sans le jeu",
    gameLeaveSure: "Votre jeu prendra fin et l’étude continuera. Voulez-vous continuer sans le jeu ?",
    gameNotEnded: "Le jeu n’a pas confirmé qu’il est terminé. Vous pouvez continuer sans lui.",
    gameStill:
      "L’image n’a pas changé depuis un moment. Si le jeu ne réagit pas, vous pouvez continuer sans lui.",
    gameOver: "Le jeu est terminé.",
    gameReady: "Tout est prêt. Appuyez sur Démarrer pour commencer.",
    gamePaused: "En pause.",
    gameSteering: "Direction",
    gameCommands: "Jeu",
    gameSliders: "Réglages",
    gameFrameRate: "Images par seconde",
    gameFrameRateSet: "Appliquer",
    gameBudget: "budget",
    gameBudgetUsed: "{used} sur {total} utilisés",
    gameKeys: "Au clavier : {keys}.",
    gameKeysSteer: "gardez {arrows} enfoncées pour diriger",
    gameKeysFire: "espace pour tirer",
    gameKeysStart: "espace pour démarrer ou mettre en pause",
    gameKeysAll: "toutes les touches sont envoyées au jeu",
    gameKeySpace: "espace",
    gameConfirm: "Confirmez-vous votre choix ?",
    gameCancel: "Annuler",
    gameEndSure: "Voulez-vous arrêter le jeu ? Vous ne pourrez pas y revenir.",
    gameKeepPlaying: "Continuer à jouer",
    gameMessages: "Messages du serveur de jeu",
    gameMessagesIn: "Reçus",
    gameMessagesOut: "Envoyés",
    gameButton: "Bouton",
    gameButton_left: "Gauche",
    gameButton_right: "Droite",
    gameButton_up: "Haut",
    gameButton_down: "Bas",
    gameButton_leftUp: "En haut à gauche",
    gameButton_rightUp: "En haut à droite",
    gameButton_leftDown: "En bas à gauche",
    gameButton_rightDown: "En bas à droite",
    gameButton_fire: "Tirer",
    gameButton_start: "Démarrer",
    gameButton_pause: "Pause",
    gameButton_stop: "Arrêter le jeu",
    gameButton_end: "Arrêter le jeu",
    gameButton_reset: "Essai suivant",
    gameButton_fpsUp: "Plus vite",
    gameButton_fpsDown: "Moins vite",

    refusedTitle: "Vous ne pouvez pas participer à cette étude",
    refused_full:
      "Cette étude a déjà réuni tous les participants nécessaires. Merci de votre intérêt. Vous n’avez rien d’autre à faire.",
    refused_lapsed:
      "Votre place dans cette étude a été attribuée à une autre personne, car la première page est restée trop longtemps sans réponse. Vos réponses sont enregistrées. Vous pouvez réessayer plus tard, au cas où une place se libérerait.",
    refused_network:
      "Trop de personnes ont commencé cette étude depuis votre réseau au cours de la dernière heure. Vous pouvez réessayer dans une heure, ou depuis un autre réseau.",
    refused_closed: "Cette étude est terminée. Merci de votre intérêt. Vous n’avez rien d’autre à faire.",
    refused_mobile:
      "Cette étude ne fonctionne pas sur téléphone ou tablette. Veuillez ouvrir le même lien sur un ordinateur de bureau ou portable.",
    refused_narrow:
      "Cette fenêtre est trop étroite pour l’étude. Veuillez l’élargir ou utiliser un écran plus grand, puis recharger cette page.",
    refused_taskNotAccepted:
      "Ceci est un aperçu de la tâche. Veuillez d’abord accepter la tâche, puis ouvrir l’étude à partir de celle-ci.",
    refused_recruiterIdMissing:
      "Votre identifiant de participant ne figure pas dans ce lien. Veuillez rouvrir l’étude depuis la page ou le message d’invitation.",
    refused_linkInvalid:
      "Ce lien ne fonctionne pas. Il est peut-être incomplet ou modifié, ou destiné à une autre personne. Veuillez utiliser exactement le lien reçu.",
    reservedIdText: "L’identifiant de participant de ce lien ne peut pas être utilisé. Veuillez demander un autre lien aux personnes qui vous ont invité.",
    closedTitle: "Cette étude n’est pas ouverte",
    closedText: "L’étude est introuvable, ou elle n’est pas ouverte pour le moment. Veuillez vérifier le lien.",
    foreignTitle: "Ce lien mène ailleurs",
    foreignServer:
      "Le lien indique un serveur de jeu qui n’appartient pas à cette étude : {host}. Cette page ne s’y connecte pas. Veuillez utiliser le lien que vous avez reçu des personnes qui vous ont invité.",
    foreignRedirect: "Le lien se poursuit sur {host}, qui n’appartient pas à cette étude. Cette page ne l’ouvre pas.",
    foreignDebug:
      "Ce lien sert à des essais. Il indique des adresses qui n’appartiennent pas à cette étude : {hosts}. Ne continuez que si ce sont les vôtres.",
    noStudyTitle: "Ce lien ne mène à aucune étude",
    noStudyText: "Le lien est incomplet. Veuillez utiliser le lien complet que vous avez reçu.",
    wrongTitle: "Une erreur s’est produite",
    brokenText:
      "Cette page de l’étude ne peut pas être affichée. Les réponses données jusqu’ici sont enregistrées. Veuillez le signaler aux personnes qui vous ont proposé cette étude.",
    missingTitle: "Il manque une page",
    missingText:
      "Cette page de l’étude est introuvable. Les réponses données jusqu’ici sont enregistrées. Veuillez le signaler aux personnes qui vous ont proposé cette étude.",

    completionTitle: "Votre code de fin d’étude",
    completionButton: "Terminer l’étude",
    copy: "Copier",
    copied: "Code copié.",
    copyByHand: "Le code est sélectionné. Veuillez le copier à l’aide du clavier ou du menu.",
  },
};

const FALLBACK = "en";
const RIGHT_TO_LEFT = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];
let current = FALLBACK;

/**
 * Use the texts of a language from now on, or English where there are none.
 *
 * @param {string | undefined} language BCP 47 tag, such as `fr-CA`
 * @returns {string} the language of the texts in use
 */
export function setLanguage(language) {
  const base = toBase(language);
  current = Object.hasOwn(TEXTS, base) ? base : FALLBACK;
  return current;
}

/** Return the direction in which a language is written. @param {string | undefined} language @returns {"ltr" | "rtl"} */
export function directionOf(language) {
  return RIGHT_TO_LEFT.includes(toBase(language)) ? "rtl" : "ltr";
}

/** Return the language of the texts in use. */
export function getLanguage() {
  return current;
}

/**
 * Return a text in the language in use.
 *
 * @param {string} key
 * @param {Object<string, string | number>} [values] for the placeholders in braces
 * @returns {string}
 */
export function translate(key, values = {}) {
  const text = TEXTS[current][key] ?? TEXTS[FALLBACK][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}

/**
 * Return whether a text has this key.
 *
 * @param {string} key
 */
export function hasText(key) {
  return Object.hasOwn(TEXTS[FALLBACK], key);
}

/**
 * Return a rounded duration as text, such as `2 minutes`.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function formatDuration(seconds) {
  if (seconds < 50) return translate("seconds", { count: Math.max(5, Math.round(seconds / 5) * 5) });
  const minutes = Math.round(seconds / 60);
  return minutes <= 1 ? translate("minute") : translate("minutes", { count: minutes });
}

function toBase(language) {
  return String(language ?? "").toLowerCase().split("-")[0];
}
