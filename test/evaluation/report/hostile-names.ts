/** Names that a class or a file may have, for whoever takes a name for markup, a line or something short. */
export const hostileNames: readonly string[] = [
  `<img src=x onerror="document.title='broken in'">`,
  `</title></style></svg><script>document.title='broken in'</script>`,
  `" onload="document.title='broken in'" x='`,
  ']]><!--',
  '&lt;b&gt; &amp; &#0;',
  '${title} {{title}}',
  '\u202edrawkcab\u202c \u200f\u2067',
  'two\nlines\r\tand a tab',
  '\u0000\u001b[31m\ufffe\uffff\ud800',
  'long '.repeat(60),
  'W'.repeat(300),
  'قطة',
  '猫と犬',
];
