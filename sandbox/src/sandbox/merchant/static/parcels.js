const body = document.getElementById("parcels");

function cell(row, text, name) {
  const element = row.insertCell();
  element.textContent = text;
  if (name) element.className = name;
}

async function show() {
  const answer = await fetch("/sandbox/parcels").catch(() => null);
  if (!answer?.ok) return; // the next second asks again
  const { parcels } = await answer.json();
  document.getElementById("empty").hidden = parcels.length > 0;
  body.replaceChildren();
  for (const parcel of parcels) {
    const row = body.insertRow();
    cell(row, parcel.order_id.slice(0, 8));
    cell(row, parcel.merchant_id);
    cell(row, parcel.title);
    cell(row, parcel.to);
    cell(row, parcel.state, parcel.state);
    cell(row, parcel.tracking_number ? `${parcel.carrier} ${parcel.tracking_number}` : "");
  }
}

show();
setInterval(show, 1000);
