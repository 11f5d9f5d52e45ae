/** A sentence that names options of the command line names the fields of this page instead. */
export const forPage = (text) =>
  text
    .replace(/; give it alone to recon build .*/, "; cut a perspective view out of it and enter its focal length.")
    .replace(/; (give|use) --focal-35mm.*/, "; if you know it, enter it below.")
    .replace(/\. Use --focal-px.*/, "; if you know the focal length, enter it below.")
    .replace(/; --no-level keeps the [a-z']+ frame/, "")
    .replace(/ Use --depth or another --model;.*/, "")
    .replace(/[:;,] add (a )?--length or .*/, "; set the scale by lengths in other parts of the photo, preferably long ones.")
    .replace("Invalid value for '--focal-35mm'", "Focal length")
    .replace(/--length [\d.]+,[\d.]+:[\d.]+,[\d.]+=([\d.]+) ?/g, "the length of $1 ")
    .replace(/--camera-height ([\d.]+) ?/g, "the camera's height of $1 ")
    // Remedies that this page does not have.
    .replace(/[;:.] (use|add|give|omit|if this is wrong, set|to use it, combine|--fit) ?[^;]*$/i, (rest) => (/--[a-z]/.test(rest) ? "." : rest));
