namespace Heed.Inference;

/// <content>What draws the maps in the browser. Token texts only ever become text, never markup.</content>
public static partial class AttentionPage
{
    private const string Script = """
        "use strict";
        (() => {
          const byId = id => document.getElementById(id), make = (name, parent) => parent.appendChild(document.createElement(name));
          const { tokens, layers, heads, entropy, whole, weights } = JSON.parse(byId("data").textContent);
          const n = tokens.length, area = whole ? n * n : n * (n + 1) / 2, smallest = 96, largest = 840, labels = 110;
          const raw = atob(weights), numbers = new DataView(new ArrayBuffer(raw.length));
          for (let i = 0; i < raw.length; i++) numbers.setUint8(i, raw.charCodeAt(i));
          const sees = (query, key) => whole || key <= query, rowStart = query => whole ? query * n : query * (query + 1) / 2;
          const weight = (map, query, key) => sees(query, key) ? numbers.getUint16(2 * (map * area + rowStart(query) + key), true) / 65535 : 0;
          const digits = value => value > 0 && value < 0.0005 ? "below 0.0005" : value.toFixed(3);
          const nameOf = map => `Layer ${layers[Math.floor(map / heads)]}, head ${map % heads}`;
          const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
          const big = byId("big"), cell = byId("cell"), slider = byId("query"), buttons = [], words = [];
          let map = 0, query = n - 1, key = n - 1, size = 1, margin = 0;

          // Pairs as pixels; where there are more of them than pixels, a pixel is the greatest of its pairs.
          function pixels(canvas, of, side) {
            canvas.width = canvas.height = side;
            const context = canvas.getContext("2d"), image = context.createImageData(side, side), peaks = new Float32Array(side * side);
            for (let q = 0; q < n; q++)
              for (let k = 0; k < n && sees(q, k); k++) {
                const at = Math.floor(q * side / n) * side + Math.floor(k * side / n);
                peaks[at] = Math.max(peaks[at], weight(of, q, k));
              }
            const tint = colour("--map").split(" ").map(Number);
            for (let i = 0; i < peaks.length; i++) image.data.set([...tint, Math.round(255 * Math.sqrt(peaks[i]))], 4 * i);
            context.putImageData(image, 0, 0);
          }

          function enlarge() {
            const room = Math.min(largest, big.parentElement.clientWidth - 34), ratio = devicePixelRatio || 1;
            const fit = Math.floor((room - labels) / n);
            [margin, size] = fit >= 9 ? [labels, Math.min(40, fit)] : [0, Math.max(1, Math.floor(room / n))];
            const plain = document.createElement("canvas"), context = big.getContext("2d"), whole = margin + n * size;
            pixels(plain, map, n);
            big.width = big.height = Math.round(whole * ratio);
            big.style.width = `${whole}px`;
            context.scale(big.width / whole, big.height / whole);
            context.imageSmoothingEnabled = false;
            context.strokeStyle = colour("--line");
            context.strokeRect(margin + .5, margin + .5, n * size - 1, n * size - 1);
            context.drawImage(plain, margin, margin, n * size, n * size);
            if (margin) for (let i = 0; i < n; i++) label(context, i);
            context.strokeStyle = colour("--mark");
            context.strokeRect(margin + .5, margin + query * size + .5, n * size - 1, size - 1);
            context.strokeRect(margin + key * size + .5, margin + query * size + .5, size - 1, size - 1);
            const name = `${nameOf(map)}, mean entropy ${entropy[map].toFixed(2)} nats`;
            byId("name").textContent = name;
            big.setAttribute("aria-label", name);
          }

          function label(context, i) {
            context.fillStyle = colour(i === query ? "--mark" : "--soft");
            context.font = `${Math.min(13, size)}px system-ui, sans-serif`;
            context.textBaseline = "middle";
            context.textAlign = "right";
            context.fillText(tokens[i], margin - 4, margin + (i + .5) * size, margin - 8);
            context.save();
            context.translate(margin + (i + .5) * size, margin - 4);
            context.rotate(-Math.PI / 2);
            context.textAlign = "left";
            context.fillText(tokens[i], 0, 0, margin - 8);
            context.restore();
          }

          function tell(of, q, k) {
            cell.textContent = `${nameOf(of)}: query ${q} “${tokens[q]}” → key ${k} “${tokens[k]}”: ${sees(q, k) ? digits(weight(of, q, k)) : "not seen"}`;
          }

          function light() {
            words.forEach((word, k) => {
              const w = weight(map, query, k);
              word.style.backgroundColor = w > 0 ? `rgb(${colour("--map")} / ${(.85 * Math.sqrt(w)).toFixed(3)})` : "";
              word.title = `key ${k}: ${sees(query, k) ? digits(w) : "not seen"}`;
              word.setAttribute("aria-pressed", k === query);
            });
            slider.value = query;
            slider.setAttribute("aria-valuetext", `${query}: ${tokens[query]}`);
          }

          function choose(newMap, newQuery, newKey) {
            [map, query, key] = [newMap, newQuery, newKey];
            buttons.forEach((button, i) => { button.setAttribute("aria-pressed", i === map); button.tabIndex = i === map ? 0 : -1; });
            enlarge();
            light();
            tell(map, query, key);
          }

          function pairAt(event, canvas) {
            const box = canvas.getBoundingClientRect(), edge = canvas === big ? margin / (margin + n * size) : 0;
            const at = offset => Math.floor((offset / box.width - edge) / (1 - edge) * n);
            const [q, k] = [at(event.clientY - box.top), at(event.clientX - box.left)];
            return q >= 0 && q < n && k >= 0 && k < n ? [q, k] : null;
          }

          function arrows(event, position, limits, move) {
            const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
            if (!step) return;
            event.preventDefault();
            move(...position.map((value, axis) => Math.min(limits[axis] - 1, Math.max(0, value + step[axis]))));
          }

          const grid = byId("grid");
          grid.style.gridTemplateColumns = `auto repeat(${heads}, minmax(3rem, 9rem))`;
          layers.forEach((layer, row) => {
            make("span", grid).textContent = `layer ${layer}`;
            for (let head = 0; head < heads; head++) {
              const of = row * heads + head, button = make("button", grid), canvas = make("canvas", button);
              button.append(entropy[of].toFixed(2));
              button.type = "button";
              button.setAttribute("aria-label", `${nameOf(of)}, mean entropy ${entropy[of].toFixed(2)} nats`);
              button.title = nameOf(of);
              button.onclick = () => choose(of, query, key);
              button.onkeydown = event => arrows(event, [row, head], [layers.length, heads], (r, h) => { choose(r * heads + h, query, key); buttons[map].focus(); });
              canvas.onpointermove = event => { const pair = pairAt(event, canvas); if (pair) tell(of, ...pair); };
              buttons.push(button);
            }
          });
          tokens.forEach((token, i) => {
            const word = make("button", byId("text"));
            word.type = "button";
            word.tabIndex = -1;
            word.textContent = token;
            word.onclick = () => choose(map, i, i);
            words.push(word);
          });
          slider.max = n - 1;
          slider.oninput = () => choose(map, Number(slider.value), Number(slider.value));
          big.onpointermove = event => { const pair = pairAt(event, big); if (pair) tell(map, ...pair); };
          big.onclick = event => { const pair = pairAt(event, big); if (pair) choose(map, ...pair); };
          big.onkeydown = event => arrows(event, [query, key], [n, n], (q, k) => choose(map, q, k));
          const draw = () => { buttons.forEach((button, i) => pixels(button.firstChild, i, Math.min(n, smallest))); choose(map, query, key); };
          addEventListener("resize", enlarge);
          matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
          draw();
        })();
        """;
}
